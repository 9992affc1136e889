import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { AgentLink } from '@innkeeper/agent-client';
import { FileServiceLite, TelemetryServiceLite, TunnelServiceLite } from '@innkeeper/contract/agent-lite';

/** Rounds of a kind of call: ended well, and cut off. */
interface Count {
  done: number;
  cut: number;
}

export interface MixedCalls {
  /** Keeps one call of every kind running, one after the other, until the time is over and the last has ended. */
  runFor(ms: number): Promise<void>;
  readonly counts: Readonly<Record<string, Count>>;
  /** What is in the folders of the transfers beside the transferred files. */
  leftFiles(): Promise<string[]>;
  end(): Promise<void>;
}

const sizeBytes = 1_500_000;
/** Reasons with which calls end whose connection or link is cut. */
const ofCuts: ReadonlySet<string> = new Set(['AGENT_UNREACHABLE', 'CANCELED']);

/** Calls of every kind, each of which checks what it gets, by what is then the link. `folder` exists. */
export async function mixedCalls(links: { readonly link: AgentLink }, folder: string): Promise<MixedCalls> {
  const place = join(folder, 'files');
  const watched = join(folder, 'watched');
  await Promise.all([mkdir(place), mkdir(watched)]);
  const data = randomBytes(sizeBytes);
  await writeFile(join(place, 'source'), data);
  const echo = createServer({ allowHalfOpen: true }, (socket) => void socket.on('error', () => undefined).pipe(socket));
  // A failed test may not be kept from ending.
  echo.unref();
  await new Promise<void>((resolve) => echo.listen(join(folder, 'echo.sock'), resolve));
  let uploads = 0;

  const kinds: Readonly<Record<string, () => Promise<void>>> = {
    command: async () => {
      const expected = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join('');
      assert.ok((await outputOf(links.link, { shellCommand: 'seq 20000' })) === expected, 'the output differs');
    },
    'command with a background process': async () => {
      assert.equal(await outputOf(links.link, { shellCommand: 'sleep 0.2 & (sleep 0.1 &) ; echo x' }), 'x\n');
    },
    terminal: async () => {
      assert.equal(
        await outputOf(links.link, { argv: ['/bin/echo', 'hello'], terminal: { columns: 80, rows: 24 } }),
        'hello\r\n',
      );
    },
    upload: async () => {
      const path = join(place, 'target');
      const uploadId = `soak-${++uploads}`;
      await links.link.writeFile({ path, sizeBytes: BigInt(sizeBytes), uploadId }, async function* (offset) {
        yield data.subarray(Number(offset));
      });
      assert.ok((await readFile(path)).equals(data), 'the uploaded file differs');
    },
    download: async () => {
      const reading = links.link.readFile({ path: join(place, 'source') });
      const parts: Uint8Array[] = [];
      reading.info.catch(() => undefined);
      reading.done.catch(() => undefined);
      for await (const chunk of reading.chunks) parts.push(chunk.slice());
      assert.ok(Buffer.concat(parts).equals(data), 'the downloaded file differs');
    },
    listing: async () => {
      const { entries } = await links.link.call(FileServiceLite.list, { path: place });
      assert.ok(entries.some(({ path }) => path.endsWith('/source')));
    },
    telemetry: async () => {
      const { processCount } = await links.link.call(TelemetryServiceLite.watch, { once: true });
      assert.ok(Number(processCount) > 0);
    },
    tunnel: async () => {
      async function* requests() {
        yield {
          input: {
            case: 'open' as const,
            value: { target: { case: 'unixPath' as const, value: join(folder, 'echo.sock') } },
          },
        };
        for (let sent = 0; sent < 200_000; sent += 20_000)
          yield { input: { case: 'data' as const, value: data.subarray(sent, sent + 20_000) } };
      }
      const parts: Uint8Array[] = [];
      for await (const { event } of links.link.stream(TunnelServiceLite.connect, requests()))
        if (event.case === 'data') parts.push(event.value);
      assert.ok(Buffer.concat(parts).equals(data.subarray(0, 200_000)), 'the echo differs');
    },
    watch: async () => {
      async function* request() {
        yield { path: watched, recursive: true };
      }
      const stream = links.link.stream(FileServiceLite.watch, request(), { timeoutMs: 20_000 });
      await stream.next();
      await writeFile(join(watched, 'changed'), 'x');
      await stream.next();
      await stream.return();
    },
  };
  const counts: Record<string, Count> = Object.fromEntries(
    Object.keys(kinds).map((kind) => [kind, { done: 0, cut: 0 }]),
  );

  return {
    counts,
    runFor: async (ms) => {
      const untilMs = performance.now() + ms;
      const loops = Object.entries(kinds).map(async ([kind, call]) => {
        const count = counts[kind] ?? assert.fail();
        while (performance.now() < untilMs)
          try {
            await call();
            count.done++;
          } catch (error) {
            if (!ofCuts.has((error as { reason?: string }).reason ?? '')) throw new Error(kind, { cause: error });
            count.cut++;
          }
      });
      await Promise.all(loops);
    },
    leftFiles: async () => (await readdir(place)).filter((name) => name !== 'source' && name !== 'target'),
    end: async () => {
      await rm(watched, { recursive: true, force: true });
      if (echo.listening) await new Promise((resolve) => echo.close(resolve));
    },
  };
}

/** Standard output of a command. Its session continues over reconnects. */
async function outputOf(link: AgentLink, spec: Parameters<AgentLink['exec']>[0]): Promise<string> {
  await using session = link.exec(spec);
  const parts: Uint8Array[] = [];
  for await (const { event } of session.events)
    if (event.case === 'output' && event.value.stream !== 2) parts.push(event.value.data.slice());
  return Buffer.concat(parts).toString();
}
