import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ExecEnding, OutputStream } from '@innkeeper/contract/agent';
import { errorBody, startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { type FakeProcess, fakeProcess } from '../../../packages/client/src/testing/fake-process.ts';
import { resultOf, runInn, spawnInn } from './testing/run-inn.ts';

/** A daemon where `play` stands in for the command in the guest. */
function execDaemon(play: (process: FakeProcess, vm: string) => Promise<void>) {
  return startFakeDaemon({ exec: (socket, vm) => void play(fakeProcess(socket), vm) });
}

describe('inn exec', () => {
  it('inn exec passes arguments, user, variables and pipes through, and exits with the code of the command', async () => {
    let asked: unknown;
    await using daemon = await execDaemon(async (process) => {
      const first = await process.request();
      if (first.case === 'start') {
        const { argv, user, group, environment, workingDirectory, stdin, terminal } = first.value;
        asked = { argv, user, group, environment, workingDirectory, stdin, terminal };
      }
      process.started();
      let input = '';
      for (let ended = false; !ended; ) {
        const next = await process.request();
        if (next.case !== 'stdin') continue;
        input += Buffer.from(next.value.data).toString();
        ended = next.value.end;
      }
      process.output(0, input.toUpperCase());
      process.output(input.length, 'warned', OutputStream.STDERR);
      process.exit(42);
    });
    const words = ['exec', 'hello', '-u', 'bob:staff', '-w', '/tmp', '-e', 'A=1=2', '--', 'tr', '-d', 'x'];
    const result = await runInn(daemon.socketPath, words, { input: 'abc' });
    assert.deepEqual(result, { exitCode: 42, stdout: 'ABC', stderr: 'warned' });
    assert.deepEqual(asked, {
      argv: ['tr', '-d', 'x'],
      user: 'bob',
      group: 'staff',
      environment: { A: '1=2' },
      workingDirectory: '/tmp',
      stdin: true,
      terminal: undefined,
    });
  });

  it('inn exec exits with 128 plus the signal, 124 after a timeout, and 125 to 127 if the command did not start', async () => {
    await using daemon = await execDaemon(async (process, vm) => {
      await process.request();
      const reasons = { absent: 'COMMAND_NOT_FOUND', plain: 'COMMAND_NOT_EXECUTABLE', lost: 'VM_NOT_FOUND' } as const;
      const reason = reasons[vm as keyof typeof reasons];
      if (reason !== undefined) {
        process.socket.send(JSON.stringify({ type: 'error', ...JSON.parse(errorBody(reason, 'no\u001b[2J')) }));
        process.socket.close(1011);
        return;
      }
      process.started();
      process.send({
        case: 'exited',
        value: {
          status: { case: 'signal', value: 9 },
          ending: vm === 'slow' ? ExecEnding.TIMEOUT : ExecEnding.EXITED,
        },
      });
      process.socket.close(1000);
    });
    const codes: Record<string, number> = { killed: 137, slow: 124, absent: 127, plain: 126, lost: 125 };
    for (const [vm, code] of Object.entries(codes)) {
      const { exitCode, stderr } = await runInn(daemon.socketPath, ['exec', vm, '--', 'x']);
      assert.equal(exitCode, code, vm);
      assert.ok(!stderr.includes('\u001b'));
    }
    assert.equal((await runInn('/nonexistent', ['exec', 'x', '--', 'true'])).exitCode, 125);
  });

  it('inn exec passes ^C on, and detaches on the second one', async () => {
    const ready = Promise.withResolvers<void>();
    const got = Promise.withResolvers<unknown>();
    await using daemon = await execDaemon(async (process) => {
      await process.request();
      process.started();
      process.output(0, 'up');
      ready.resolve();
      let next = await process.request();
      while (next.case !== 'signal') next = await process.request();
      got.resolve(next.value);
    });
    const child = spawnInn(daemon.socketPath, ['exec', 'hello', '--', 'stubborn']);
    const result = resultOf(child);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGINT');
    assert.equal(await got.promise, 2);
    child.kill('SIGINT');
    const { stderr } = await result;
    assert.equal(child.signalCode, 'SIGINT');
    assert.match(stderr, /--attach [0-9a-f]{32}/);
  });

  it('inn exec does not exit with 0 if output was dropped or reading its input failed', async () => {
    await using daemon = await execDaemon(async (process, vm) => {
      await process.request();
      process.started();
      if (vm === 'input') {
        let next = await process.request();
        while (next.case !== 'stdin' || !next.value.end) next = await process.request();
      } else {
        process.output(0, 'some');
        process.send({ case: 'gap', value: { bytes: 5n } });
      }
      process.exit(0);
    });
    const gap = await runInn(daemon.socketPath, ['exec', 'gap', '-n', '--', 'x']);
    assert.deepEqual([gap.exitCode, gap.stdout], [125, 'some']);
    assert.match(gap.stderr, /5 bytes of output were dropped/);
    assert.equal((await runInn(daemon.socketPath, ['exec', 'gap', '--attach', 'a'.repeat(32)])).exitCode, 0);
    const words = [process.execPath, fileURLToPath(new URL('./main.ts', import.meta.url)), 'exec', 'input', '--', 'x'];
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent', INNKEEPER_SOCKET: daemon.socketPath };
    const { exitCode, stderr } = await resultOf(spawn('/bin/sh', ['-c', 'exec "$0" "$@" < /', ...words], { env }));
    assert.equal(exitCode, 125, stderr);
    assert.match(stderr, /standard input cannot be read.*folder/);
  });

  it('inn exec prints nothing of its own if its input is still open when the command ends', async () => {
    await using daemon = await execDaemon(async (process) => {
      await process.request();
      process.started();
      process.output(0, 'done\n');
      process.exit(4);
    });
    // The writing end of its input stays open.
    const result = await resultOf(spawnInn(daemon.socketPath, ['exec', 'hello', '--', 'x']));
    assert.deepEqual(result, { exitCode: 4, stdout: 'done\n', stderr: '' });
  });

  it('inn exec ends by the signal that it passed on and that ended the command, so that loops stop', async () => {
    for (const [name, number] of [
      ['SIGINT', 2],
      ['SIGTERM', 15],
    ] as const)
      for (const how of ['signal', 'exitCode'] as const) {
        await using daemon = await execDaemon(async (process) => {
          await process.request();
          process.started();
          process.output(0, 'up');
          for (let next = await process.request(); next.case !== 'signal'; ) next = await process.request();
          const status = { case: how, value: how === 'signal' ? number : 128 + number };
          process.send({ case: 'exited', value: { status } });
          process.socket.close(1000);
        });
        const child = spawnInn(daemon.socketPath, ['exec', 'hello', '--', 'sleep', '100']);
        const result = resultOf(child);
        await new Promise((resolve) => child.stdout.once('data', resolve));
        child.kill(name);
        await result;
        assert.equal(child.signalCode, name, how);
      }
  });

  it('inn exec asks for HUP a minute after it is gone, not with --detach, and leaves out variables that are not set', async () => {
    const specs: unknown[] = [];
    await using daemon = await execDaemon(async (process) => {
      const first = await process.request();
      if (first.case === 'start') specs.push([first.value.hangupAfterMs, first.value.environment]);
      process.started();
      process.exit(0);
    });
    const options = { environment: { SET: 'yes', EMPTY: '' } };
    const variables = ['-e', 'SET', '-e', 'EMPTY', '-e', 'NOT_SET_HERE', '-e', 'A='];
    await runInn(daemon.socketPath, ['exec', 'hello', ...variables, '--', 'x'], options);
    await runInn(daemon.socketPath, ['exec', 'hello', '--detach', '--', 'x']);
    assert.deepEqual(specs, [
      [60_000, { SET: 'yes', EMPTY: '', A: '' }],
      [0, {}],
    ]);
  });

  it('inn exec says that output was cut which other processes still had open', async () => {
    await using daemon = await execDaemon(async (process) => {
      await process.request();
      process.started();
      process.send({ case: 'exited', value: { status: { case: 'exitCode', value: 0 }, outputCut: true } });
      process.socket.close(1000);
    });
    const { exitCode, stderr } = await runInn(daemon.socketPath, ['-q', 'exec', 'hello', '-n', '--', 'x']);
    assert.equal(exitCode, 0);
    assert.match(stderr, /other processes still have the output open/);
  });

  it('inn exec says that processes survived the timeout', async () => {
    await using daemon = await execDaemon(async (process) => {
      await process.request();
      process.started();
      const value = { status: { case: 'signal' as const, value: 9 }, ending: ExecEnding.TIMEOUT, orphansLeft: 2 };
      process.send({ case: 'exited', value });
      process.socket.close(1000);
    });
    const { exitCode, stderr } = await runInn(daemon.socketPath, ['exec', 'hello', '-n', '--', 'x']);
    assert.equal(exitCode, 124);
    assert.match(stderr, /2 of its processes could not be ended/);
  });

  it('inn exec uses 80x24 on a terminal that has no size', async (t) => {
    if (spawnSync('script', ['--version']).status !== 0) return t.skip('the program "script" is not installed');
    const sizes: unknown[] = [];
    await using daemon = await execDaemon(async (process) => {
      const first = await process.request();
      if (first.case === 'start') sizes.push([first.value.terminal?.columns, first.value.terminal?.rows]);
      process.started();
      process.exit(0);
    });
    const main = fileURLToPath(new URL('./main.ts', import.meta.url));
    const line = `stty cols 0 rows 0; "${globalThis.process.execPath}" "${main}" exec hello -t -- x`;
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent', INNKEEPER_SOCKET: daemon.socketPath };
    const { exitCode } = await resultOf(spawn('script', ['-qec', line, '/dev/null'], { env }));
    assert.deepEqual([exitCode, sizes], [0, [[80, 24]]]);
  });

  it('inn exec prints the id with --detach, and forwards no input with -n', async () => {
    const specs: unknown[] = [];
    await using daemon = await execDaemon(async (process) => {
      const first = await process.request();
      if (first.case === 'start') specs.push(first.value.stdin);
      process.started();
      process.exit(0);
    });
    const detached = await runInn(daemon.socketPath, ['exec', 'hello', '--detach', '--', 'job']);
    assert.deepEqual([detached.exitCode, detached.stdout], [0, 'x\n']);
    assert.equal((await runInn(daemon.socketPath, ['exec', 'hello', '-n', '--', 'job'])).exitCode, 0);
    assert.deepEqual(specs, [false, false]);
  });
});
