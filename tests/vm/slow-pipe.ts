import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { rssBytesOf } from './daemon.ts';
import { type InnOptions, spawnInn } from './inn.ts';

/** Runs `inn` with a reader that keeps pausing, and hashes what it reads. */
export async function hashThroughSlowPipe(
  args: readonly string[],
  options: InnOptions,
  { pauseEveryBytes }: { readonly pauseEveryBytes: number },
): Promise<{
  readonly sha256: string;
  readonly bytes: number;
  readonly peakRssBytes: number;
  readonly exitCode: number;
}> {
  const child = spawnInn(args, options);
  child.stdin.end();
  const ended = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  const hash = createHash('sha256');
  let bytes = 0;
  let sincePause = 0;
  let peakRssBytes = 0;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
    sincePause += chunk.length;
    if (sincePause < pauseEveryBytes) continue;
    sincePause = 0;
    peakRssBytes = Math.max(peakRssBytes, rssBytesOf(child.pid ?? 0));
    // Long enough for every buffer between the guest and here to fill up.
    await delay(150);
  }
  return { sha256: hash.digest('hex'), bytes, peakRssBytes, exitCode: await ended };
}
