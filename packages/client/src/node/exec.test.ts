import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ExecEvent } from '@innkeeper/contract/agent';
import { errorBody, type FakeDaemon, startFakeDaemon } from '../testing/fake-daemon.ts';
import { type FakeProcess, fakeProcess } from '../testing/fake-process.ts';
import { createClient, type ExecOptions, type ExecStream } from './index.ts';

const start = { argv: ['cat'], stdin: true };

/** A daemon; `next` returns its exec sockets in the order in which they open. */
async function execDaemon(): Promise<{ daemon: FakeDaemon; next(): Promise<FakeProcess> }> {
  const opened: FakeProcess[] = [];
  const waiting: ((process: FakeProcess) => void)[] = [];
  const daemon = await startFakeDaemon({
    exec(socket) {
      const process = fakeProcess(socket);
      const waiter = waiting.shift();
      if (waiter === undefined) opened.push(process);
      else waiter(process);
    },
  });
  return {
    daemon,
    next: () => {
      const process = opened.shift();
      return process === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(process);
    },
  };
}

/** Reads a stream to its end: its output as text, and the exit code. */
async function read(stream: ExecStream, onEvent?: (event: ExecEvent['event']) => void): Promise<[string, unknown]> {
  let text = '';
  let status: unknown;
  for await (const { event } of stream) {
    onEvent?.(event);
    if (event.case === 'output') text += Buffer.from(event.value.data).toString();
    if (event.case === 'exited') status = event.value.status.value;
  }
  return [text, status];
}

function open(daemon: FakeDaemon, options: Partial<ExecOptions> = {}): ExecStream {
  return createClient(daemon).exec('one', { start, ...options });
}

describe('exec', () => {
  it('exec starts a command under a new id, streams its output, and leaves no connection open', async () => {
    const { daemon, next } = await execDaemon();
    await using _ = daemon;
    const stream = open(daemon);
    const ended = read(stream);
    const process = await next();
    const first = await process.request();
    assert.equal(first.case, 'start');
    assert.deepEqual(first.case === 'start' && [first.value.argv, first.value.id], [['cat'], stream.id]);
    assert.match(stream.id, /^[0-9a-f]{32}$/);
    process.started();
    process.output(0, 'hel');
    process.output(3, 'lo');
    process.exit(3);
    assert.deepEqual(await ended, ['hello', 3]);
    await daemon.idle();
  });

  it('exec queues input, size and signals until the command has started', async () => {
    const { daemon, next } = await execDaemon();
    await using _ = daemon;
    const stream = open(daemon);
    const ended = read(stream);
    await stream.writeStdin(Buffer.from('ab'));
    stream.resize(80, 24);
    stream.resize(120, 40);
    stream.kill(2);
    const process = await next();
    assert.equal((await process.request()).case, 'start');
    process.started();
    const requests = [await process.request(), await process.request(), await process.request()];
    assert.deepEqual(
      requests.map((each) => each.case),
      ['stdin', 'resize', 'signal'],
    );
    assert.deepEqual(requests[1]?.case === 'resize' && requests[1].value.columns, 120);
    await stream.writeStdin(Buffer.from('c'));
    stream.endStdin();
    const more = [await process.request(), await process.request()].map(
      (each) => each.case === 'stdin' && [each.value.offset, Buffer.from(each.value.data).toString(), each.value.end],
    );
    assert.deepEqual(more, [
      [2n, 'c', false],
      [3n, '', true],
    ]);
    stream.kill(15);
    assert.deepEqual(await process.request(), { case: 'signal', value: 15 });
    process.exit(0);
    await ended;
  });

  it('exec makes writers wait while 256 KiB of input are unconfirmed', async () => {
    const { daemon, next } = await execDaemon();
    await using _ = daemon;
    const stream = open(daemon);
    const ended = read(stream);
    const process = await next();
    process.started();
    await stream.writeStdin(new Uint8Array(300 * 1024));
    let written = false;
    const second = stream.writeStdin(Buffer.from('x')).then(() => {
      written = true;
    });
    while ((await process.request()).case !== 'stdin');
    assert.equal(written, false);
    process.send({ case: 'stdinAccepted', value: 300n * 1024n });
    await second;
    process.exit(0);
    await ended;
  });

  it('exec acknowledges only consumed output', async () => {
    const { daemon, next } = await execDaemon();
    await using _ = daemon;
    const stream = open(daemon);
    const events = stream[Symbol.asyncIterator]();
    const process = await next();
    process.started();
    for (let piece = 0; piece < 3; piece++) process.output(piece * 20_000, new Uint8Array(20_000));
    const acknowledged = process.control();
    await events.next();
    await events.next();
    assert.equal(await Promise.race([acknowledged, Promise.resolve('not yet')]), 'not yet');
    await events.next();
    const last = events.next();
    assert.deepEqual(await acknowledged, { type: 'ack', offset: '40000' });
    await last;
    await events.return?.();
    await daemon.idle();
  });

  it('exec resumes after a restart of the daemon: output once, input from the confirmed offset', async () => {
    const { daemon, next } = await execDaemon();
    await using _ = daemon;
    const interruptions: string[] = [];
    const stream = open(daemon, { onInterruption: (what) => interruptions.push(what) });
    const sawFirst = Promise.withResolvers<void>();
    const ended = read(stream, (event) => event.case === 'output' && sawFirst.resolve());
    const before = await next();
    assert.equal((await before.request()).case, 'start');
    before.started();
    await stream.writeStdin(Buffer.from('abc'));
    await stream.writeStdin(Buffer.from('def'));
    before.output(0, 'hello ');
    await sawFirst.promise;
    await daemon.stop();
    await daemon.restart();
    const after = await next();
    const attach = await after.request();
    assert.deepEqual(attach.case === 'attach' && [attach.value.id, attach.value.fromOffset], [stream.id, 6n]);
    stream.endStdin();
    after.started({ stdinOffset: 3n, attached: true });
    const again = await after.request();
    assert.deepEqual(
      again.case === 'stdin' && [again.value.offset, Buffer.from(again.value.data).toString(), again.value.end],
      [3n, 'def', true],
    );
    after.output(3, 'lo world');
    after.exit(0);
    assert.deepEqual(await ended, ['hello world', 0]);
    assert.deepEqual(interruptions, ['daemon lost', 'daemon back']);
  });

  it('exec reports when the agent is lost and back, and dropped output', async () => {
    const { daemon, next } = await execDaemon();
    await using _ = daemon;
    const interruptions: string[] = [];
    const kinds: (string | undefined)[] = [];
    const ended = read(open(daemon, { onInterruption: (what) => interruptions.push(what) }), (event) =>
      kinds.push(event.case),
    );
    const process = await next();
    process.started();
    process.socket.send('{"type":"agent","state":"lost"}');
    process.socket.send('{"type":"agent","state":"connected"}');
    process.socket.send('{"type":"of a later version"}');
    process.send({ case: 'gap', value: { offset: 0n, bytes: 10n } });
    process.output(10, 'rest');
    process.exit(0);
    assert.deepEqual(await ended, ['rest', 0]);
    assert.deepEqual(interruptions, ['agent lost', 'agent back']);
    assert.deepEqual(kinds, ['started', 'gap', 'output', 'exited']);
  });

  it('exec rejects with the daemon’s error after delivering earlier events', async () => {
    const { daemon, next } = await execDaemon();
    await using _ = daemon;
    const ended = read(open(daemon));
    const process = await next();
    process.socket.send(JSON.stringify({ type: 'error', ...JSON.parse(errorBody('COMMAND_NOT_FOUND', 'no cat')) }));
    process.socket.close(1011);
    await assert.rejects(ended, { reason: 'COMMAND_NOT_FOUND', message: 'no cat' });
  });

  it('exec rejects on a text message that is not JSON, and when the connection is refused', async () => {
    const { daemon, next } = await execDaemon();
    await using _ = daemon;
    const ended = read(open(daemon));
    (await next()).socket.send('{');
    await assert.rejects(ended, { reason: 'INTERNAL' });
    await using refusing = await startFakeDaemon({ refuseExec: errorBody('VM_NOT_FOUND', 'There is no VM.') });
    await assert.rejects(read(open(refusing)), { reason: 'VM_NOT_FOUND', message: 'There is no VM.' });
    await refusing.idle();
  });

  it('exec rejects with CANCELED when aborted before the start, while running, and while the daemon is down', async () => {
    const { daemon, next } = await execDaemon();
    await using _ = daemon;
    await assert.rejects(read(open(daemon, { signal: AbortSignal.abort() })), { reason: 'CANCELED' });
    const running = new AbortController();
    const stream = open(daemon, { signal: running.signal });
    const ended = read(stream);
    (await next()).started();
    const full = stream.writeStdin(new Uint8Array(300 * 1024)).then(() => stream.writeStdin(Buffer.from('x')));
    running.abort();
    await assert.rejects(ended, { reason: 'CANCELED' });
    await full;
    await daemon.idle();
    const away = new AbortController();
    const lost = Promise.withResolvers<void>();
    const orphan = read(open(daemon, { signal: away.signal, onInterruption: () => lost.resolve() }), () => undefined);
    (await next()).started();
    const closed = daemon.idle();
    await daemon.stop();
    await closed;
    await lost.promise;
    away.abort();
    await assert.rejects(orphan, { reason: 'CANCELED' });
  });

  it('exec attaches to a running command from the given offset', async () => {
    const { daemon, next } = await execDaemon();
    await using _ = daemon;
    const stream = createClient(daemon).exec('one', { attach: { id: 'job', fromOffset: 5n } });
    const ended = read(stream);
    const process = await next();
    const first = await process.request();
    assert.deepEqual(first.case === 'attach' && [first.value.id, first.value.fromOffset], ['job', 5n]);
    process.started({ attached: true });
    process.output(5, 'more');
    process.exit(0);
    assert.deepEqual(await ended, ['more', 0]);
  });
});
