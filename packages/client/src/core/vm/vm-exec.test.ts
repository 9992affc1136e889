import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OutputStream } from '@innkeeper/contract/agent';
import { createClient, type VmExec, type VmExecOptions } from '../../node/index.ts';
import { type FakeDaemon, startFakeDaemon } from '../../testing/fake-daemon.ts';
import { type FakeProcess, fakeProcess } from '../../testing/fake-process.ts';

/** A command in a fake guest, and the guest's side of it. */
async function started(
  options: VmExecOptions = {},
): Promise<AsyncDisposable & { exec: VmExec; process: FakeProcess; daemon: FakeDaemon }> {
  const opened = Promise.withResolvers<FakeProcess>();
  const daemon = await startFakeDaemon({ exec: (socket) => opened.resolve(fakeProcess(socket)) });
  const exec = createClient(daemon).vm('one').exec(['cat', '-u'], options);
  const process = await opened.promise;
  return { exec, process, daemon, [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose]() };
}

describe('a command of a VM', () => {
  it('exec starts a command with the given user, group, environment, folder and timeout', async () => {
    const options = { env: { A: 'b' }, user: 'bob', group: 'staff', cwd: '/tmp', timeoutMs: 5 };
    await using one = await started(options);
    const first = await one.process.request();
    assert.ok(first.case === 'start');
    const { id, argv, environment, user, group, workingDirectory, timeoutMs, stdin } = first.value;
    assert.deepEqual([argv, user, group, workingDirectory], [['cat', '-u'], 'bob', 'staff', '/tmp']);
    assert.deepEqual([id, { ...environment }, timeoutMs, stdin], [one.exec.id, { A: 'b' }, 5, true]);
  });

  it('a command yields its output in order, by stream, and its exit status', async () => {
    await using one = await started();
    one.process.started();
    one.process.output(0, 'a');
    one.process.output(1, 'b', OutputStream.STDERR);
    one.process.send({ case: 'gap', value: { offset: 2n, bytes: 7n } });
    one.process.exit(3);
    const seen: unknown[] = [];
    for await (const output of one.exec)
      seen.push(output.type === 'gap' ? output.bytes : [output.type, Buffer.from(output.data).toString()]);
    assert.deepEqual(seen, [['stdout', 'a'], ['stderr', 'b'], 7]);
    assert.deepEqual((await one.exec.exited).status, { case: 'exitCode', value: 3 });
    await assert.rejects(one.exec.result(), { reason: 'INTERNAL' });
  });

  it('result() keeps output up to maxBytes and reads the rest without keeping it', async () => {
    await using one = await started();
    one.process.started();
    one.process.output(0, 'x'.repeat(100));
    one.process.exit(0);
    const { stdout, stderr, truncated, exitCode, timedOut } = await one.exec.result({ maxBytes: 10 });
    assert.deepEqual([stdout, stderr, truncated, exitCode, timedOut], ['x'.repeat(10), '', true, 0, false]);
  });

  it('text() rejects when the command exits with another code than 0', async () => {
    await using one = await started();
    one.process.started();
    one.process.output(0, 'no such thing', OutputStream.STDERR);
    one.process.exit(2);
    await assert.rejects(one.exec.text(), { message: 'The command ended with exit code 2: no such thing' });
  });

  it('a command receives its stdin and the end of it', async () => {
    await using one = await started({ stdin: 'päng' });
    one.process.started();
    const reading = one.exec.result();
    await one.process.request();
    const data = await one.process.request();
    assert.ok(data.case === 'stdin');
    assert.equal(Buffer.from(data.value.data).toString(), 'päng');
    if (!data.value.end) {
      const end = await one.process.request();
      assert.ok(end.case === 'stdin' && end.value.end);
    }
    one.process.exit(0);
    assert.equal((await reading).exitCode, 0);
  });

  it('a command is ended with the error of its stdin source when that fails', async () => {
    async function* broken(): AsyncGenerator<string> {
      yield 'a';
      throw new RangeError('no more');
    }
    await using one = await started({ stdin: broken() });
    one.process.started();
    await assert.rejects(one.exec.result(), { name: 'RangeError' });
    for (let request = await one.process.request(); request.case !== 'signal'; request = await one.process.request())
      assert.notEqual(request.case, undefined);
  });

  it('an abort ends a command, also before the command is known to have started', async () => {
    const controller = new AbortController();
    await using one = await started({ signal: controller.signal });
    const reading = one.exec.result();
    controller.abort();
    await assert.rejects(reading, { reason: 'CANCELED' });
    await assert.rejects(one.exec.exited, { reason: 'CANCELED' });
    assert.equal((await one.process.request()).case, 'start');
    one.process.started();
    assert.deepEqual(await one.process.request(), { case: 'signal', value: 15 });
    await one.daemon.idle();
  });

  it('a command gets HUP a minute after its client is gone, and with detach runs on without one', async () => {
    const specs: unknown[] = [];
    for (const detach of [undefined, false, true]) {
      await using one = await started({ detach });
      const first = await one.process.request();
      if (first.case === 'start') specs.push([first.value.hangupAfterMs, first.value.neverWaitForReader]);
    }
    assert.deepEqual(specs, [
      [60_000, false],
      [60_000, false],
      [0, true],
    ]);
  });

  it('a command gets no signal when its reader leaves the iteration', async () => {
    await using one = await started();
    one.process.started();
    one.process.output(0, 'a');
    for await (const { type } of one.exec) {
      assert.equal(type, 'stdout');
      break;
    }
    await assert.rejects(one.exec.exited, { reason: 'CANCELED' });
    await one.daemon.idle();
    assert.equal((await one.process.request()).case, 'start');
  });

  it('text() and exited both reject with the daemon’s error', async () => {
    await using daemon = await startFakeDaemon();
    const exec = createClient(daemon).vm('nobody').exec(['true'], { stdin: 'x' });
    await assert.rejects(exec.text(), { reason: 'VM_NOT_FOUND' });
    await assert.rejects(exec.exited, { reason: 'VM_NOT_FOUND' });
    assert.throws(() => exec.kill('NOPE'), { reason: 'INVALID_ARGUMENT' });
  });
});
