import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { rssBytesOf } from '../daemon.ts';
import { type InnOptions, spawnInn } from '../inn.ts';

const mib = 1024 * 1024;
/** Many short pauses, and one long enough to fill every buffer between the guest and the reader. */
const pauseEveryBytes = 4 * mib;
const pauseMs = 100;
const longPauseAtBytes = 32 * mib;
const longPauseMs = 4000;

/** The output received by a slow reader, and the peak memory meanwhile. */
export interface SlowOutput {
  readonly sha256: string;
  readonly bytes: number;
  readonly exitCode: number;
  /** Peak resident memory of inn. */
  readonly innRssBytes: number;
  /** Peak resident memory of the daemon. */
  readonly daemonRssBytes: number;
}

/** Runs `inn` with a reader that keeps pausing, and hashes its output. */
export async function hashThroughSlowPipe(
  args: readonly string[],
  options: InnOptions,
  daemonPid: number,
): Promise<SlowOutput> {
  const child = spawnInn(args, options);
  child.stdin.end();
  child.stderr.resume();
  const ended = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? -1)));
  const hash = createHash('sha256');
  let bytes = 0;
  let innRssBytes = 0;
  let daemonRssBytes = 0;
  let nextPause = pauseEveryBytes;
  let longPauseToCome = true;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
    if (bytes < nextPause) continue;
    nextPause = bytes + pauseEveryBytes;
    const long = longPauseToCome && bytes >= longPauseAtBytes;
    if (long) longPauseToCome = false;
    await delay(long ? longPauseMs : pauseMs);
    innRssBytes = Math.max(innRssBytes, rssBytesOf(child.pid ?? 0));
    daemonRssBytes = Math.max(daemonRssBytes, rssBytesOf(daemonPid));
  }
  return { sha256: hash.digest('hex'), bytes, exitCode: await ended, innRssBytes, daemonRssBytes };
}
