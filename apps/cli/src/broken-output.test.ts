import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { OutputStream } from '@innkeeper/contract/agent';
import { startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { type FakeProcess, fakeProcess } from '../../../packages/client/src/testing/fake-process.ts';
import { type InnResult, resultOf } from './testing/run-inn.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

/** Runs a line of bash, in which `inn` is this program. */
function bash(socketPath: string, line: string): Promise<InnResult> {
  const script = `inn() { "$NODE" "$MAIN" "$@"; }; set -o pipefail; ${line}`;
  const env = { PATH: process.env['PATH'], HOME: '/nonexistent', INNKEEPER_SOCKET: socketPath };
  const child = spawn('bash', ['-c', script], { env: { ...env, NODE: process.execPath, MAIN: main } });
  child.stdin.end();
  return resultOf(child);
}

/** Prints lines until it gets one of the signals that end it. Returns all signals. */
async function yes(process: FakeProcess, deadly: readonly number[]): Promise<number[]> {
  const signals: number[] = [];
  const lines = Buffer.from('y\n'.repeat(16_384));
  let isOver = false;
  const listen = async (): Promise<void> => {
    while (!isOver) {
      const next = await process.request();
      if (next.case !== 'signal') continue;
      signals.push(next.value);
      if (!deadly.includes(next.value)) continue;
      isOver = true;
      process.send({ case: 'exited', value: { status: { case: 'signal', value: next.value } } });
      process.socket.close(1000);
    }
  };
  await process.request();
  process.started();
  const listening = listen();
  for (let offset = 0; !isOver; offset += lines.length) {
    process.output(offset, lines);
    await Promise.race([process.control(), listening]);
  }
  return signals;
}

describe('inn whose output cannot be written', { timeout: 120_000, concurrency: 2 }, () => {
  it('inn exec ends the command with PIPE and exits with 141 when its reader closes the pipe', async () => {
    const got = Promise.withResolvers<number[]>();
    await using daemon = await startFakeDaemon({
      exec: (socket) => void yes(fakeProcess(socket), [13]).then(got.resolve, got.reject),
    });
    const { exitCode, stdout, stderr } = await bash(daemon.socketPath, 'inn exec hello -n -- yes | head -1');
    assert.deepEqual([exitCode, stdout, stderr], [141, 'y\n', '']);
    assert.deepEqual(await got.promise, [13]);
  });

  it('inn exec ends a command that ignores PIPE and HUP with TERM', async () => {
    const got = Promise.withResolvers<number[]>();
    await using daemon = await startFakeDaemon({
      exec: (socket) => void yes(fakeProcess(socket), [15]).then(got.resolve, got.reject),
    });
    assert.equal((await bash(daemon.socketPath, 'inn exec hello -n -- stubborn | head -1')).exitCode, 141);
    assert.deepEqual(await got.promise, [13, 1, 15]);
  });

  it('inn exec ends the command, says why and exits with 125 when its output is on a full disk', async () => {
    const got = Promise.withResolvers<number[]>();
    await using daemon = await startFakeDaemon({
      exec: (socket) => void yes(fakeProcess(socket), [13]).then(got.resolve, got.reject),
    });
    const { exitCode, stderr } = await bash(daemon.socketPath, 'inn exec hello -n -- yes > /dev/full');
    assert.equal(exitCode, 125);
    assert.match(stderr, /ENOSPC/);
    assert.deepEqual(await got.promise, [13]);
  });

  it('inn exec loses no output and keeps the exit code when standard error is closed or full', async () => {
    await using daemon = await startFakeDaemon({
      exec: async (socket) => {
        const process = fakeProcess(socket);
        await process.request();
        process.started();
        process.output(0, 'warning\n'.repeat(1000), OutputStream.STDERR);
        process.output(8000, 'line\n'.repeat(1000));
        process.output(13_000, 'warning\n'.repeat(1000), OutputStream.STDERR);
        process.output(21_000, 'end\n');
        process.send({ case: 'gap', value: { bytes: 0n } });
        process.exit(3);
      },
    });
    for (const errors of ['2> /dev/full', '2>&-', '2> >(exec 0<&-; sleep 5)', '2> >(head -c1 > /dev/null)']) {
      const { exitCode, stdout } = await bash(daemon.socketPath, `inn exec hello -n -- noisy ${errors}`);
      assert.deepEqual([exitCode, stdout.length, stdout.slice(-4)], [3, 5004, 'end\n'], errors);
    }
  });

  it('inn run cancels the run and exits with 141 when its reader closes the pipe', async () => {
    const canceled: string[] = [];
    const over = Promise.withResolvers<void>();
    const target = { vmId: 'v', vmName: 'hello' };
    const run = { id: 'r1', targets: [target] };
    await using daemon = await startFakeDaemon({
      runs: {
        startRun: () => run,
        async *watchRun() {
          yield { event: { case: 'run', value: run } };
          for (let offset = 0; canceled.length === 0; offset += 65_536) {
            const data = Buffer.from('y\n'.repeat(32_768));
            yield { event: { case: 'output', value: { vmId: 'v', stream: 1, offset: BigInt(offset), data } } };
          }
          await over.promise;
        },
        cancelRun: ({ id }) => {
          canceled.push(id);
          return {};
        },
      },
    });
    const { exitCode, stdout } = await bash(daemon.socketPath, 'inn run --on hello -- yes | head -1');
    over.resolve();
    assert.deepEqual([exitCode, stdout, canceled], [141, 'y\n', ['r1']]);
    // What is only watched continues.
    canceled.length = 0;
    assert.equal((await bash(daemon.socketPath, 'inn runs follow r1 | head -1')).exitCode, 141);
    assert.deepEqual(canceled, []);
  });

  it('inn cp to a pipe exits with 141 when its reader closes the pipe', async () => {
    await using daemon = await startFakeDaemon({
      files: (_request, response) => {
        response.writeHead(200, { 'x-innkeeper-size': `${1 << 30}`, 'x-innkeeper-mode': '600' });
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        };
        response.on('drain', more);
        more();
      },
    });
    assert.equal((await bash(daemon.socketPath, 'inn cp hello:/f - | head -c1')).exitCode, 141);
  });
});
