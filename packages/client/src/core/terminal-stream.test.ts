import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { OperationError } from '@innkeeper/contract/errors';
import { FakeSockets } from '../testing/fake-sockets.ts';
import { type ConsoleEvent, openConsoleStream } from './console-stream.ts';
import { openTerminalStream, type TerminalEvent } from './terminal-stream.ts';

const size = { columns: 80, rows: 24 };

/** Returns an event with its bytes as text. */
function readable(event: TerminalEvent | ConsoleEvent): object {
  return 'data' in event ? { ...event, data: Buffer.from(event.data).toString() } : event;
}

async function take<T extends TerminalEvent | ConsoleEvent>(
  events: AsyncIterator<T>,
  count: number,
): Promise<object[]> {
  const taken: object[] = [];
  for (let index = 0; index < count; index++) {
    const { value, done } = await events.next();
    assert.ok(done !== true);
    taken.push(readable(value));
  }
  return taken;
}

describe('a terminal’s stream', () => {
  it('a terminal stream yields the screen, then output, and acknowledges consumed output', async () => {
    const sockets = new FakeSockets();
    const stream = openTerminalStream(sockets.open, 'a/b', 'id', { size });
    stream.write('early');
    sockets.last.events.opened();
    assert.equal(sockets.last.path, '/v1/vms/a%2Fb/terminals/id?columns=80&rows=24');
    sockets.sendText({ type: 'screen', ...size });
    sockets.sendBytes('drawing');
    sockets.sendBytes('one');
    sockets.sendBytes('three');
    const events = stream[Symbol.asyncIterator]();
    assert.deepEqual(await take(events, 3), [
      { type: 'screen', ...size, data: 'drawing' },
      { type: 'output', data: 'one' },
      { type: 'output', data: 'three' },
    ]);
    const next = events.next();
    sockets.sendText({ type: 'exited', code: 3 });
    assert.deepEqual((await next).value, { type: 'exited', code: 3 });
    assert.equal((await events.next()).done, true);
    assert.deepEqual(sockets.last.sent, ['early', { type: 'ack', bytes: 8 }]);
    assert.ok(sockets.last.isClosed);
  });

  it('a terminal stream reconnects with its current size after a connection loss, and starts with the screen', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const sockets = new FakeSockets();
      const stream = openTerminalStream(sockets.open, 'vm', 'id');
      sockets.last.events.opened();
      sockets.sendText({ type: 'screen', ...size });
      sockets.lose();
      stream.resize(100, 30);
      stream.write('dropped');
      mock.timers.tick(500);
      sockets.lose(new OperationError('DAEMON_UNREACHABLE', 'not yet'));
      mock.timers.tick(500);
      assert.equal(sockets.sockets.length, 3);
      assert.equal(sockets.last.path, '/v1/vms/vm/terminals/id?columns=100&rows=30');
      sockets.last.events.opened();
      sockets.sendText({ type: 'screen', columns: 100, rows: 30 });
      sockets.sendBytes('again');
      assert.deepEqual(await take(stream[Symbol.asyncIterator](), 3), [
        { type: 'connection', state: 'lost' },
        { type: 'connection', state: 'back' },
        { type: 'screen', columns: 100, rows: 30, data: 'again' },
      ]);
      assert.deepEqual(sockets.last.sent, []);
    } finally {
      mock.timers.reset();
    }
  });

  it('a terminal stream fails with the daemon’s error, when the daemon is unreachable, and when it is aborted', async () => {
    const sockets = new FakeSockets();
    const refused = openTerminalStream(sockets.open, 'vm', 'id')[Symbol.asyncIterator]();
    sockets.last.events.opened();
    sockets.sendText({ type: 'error', reason: 'TERMINAL_NOT_FOUND', message: 'none', nextStep: 'look' });
    await assert.rejects(refused.next(), { reason: 'TERMINAL_NOT_FOUND', message: 'none', nextStep: 'look' });
    const never = openTerminalStream(sockets.open, 'vm', 'id')[Symbol.asyncIterator]();
    sockets.lose(new OperationError('DAEMON_UNREACHABLE', 'gone'));
    await assert.rejects(never.next(), { reason: 'DAEMON_UNREACHABLE' });
    const stop = new AbortController();
    const aborted = openTerminalStream(sockets.open, 'vm', 'id', { signal: stop.signal })[Symbol.asyncIterator]();
    stop.abort();
    await assert.rejects(aborted.next(), { reason: 'CANCELED' });
    const malformed = openTerminalStream(sockets.open, 'vm', 'id')[Symbol.asyncIterator]();
    sockets.last.events.text('not JSON');
    await assert.rejects(malformed.next(), { reason: 'INTERNAL' });
  });

  it('a terminal stream pauses the socket while its events are not consumed, and fails with SLOW_READER at 16 MiB', async () => {
    const sockets = new FakeSockets();
    const events = openTerminalStream(sockets.open, 'vm', 'id')[Symbol.asyncIterator]();
    sockets.last.events.opened();
    sockets.sendBytes('x'.repeat(200_000));
    assert.ok(!sockets.last.isPaused);
    sockets.sendBytes('x'.repeat(200_000));
    assert.ok(sockets.last.isPaused);
    await take(events, 2);
    void events.next();
    await Promise.resolve();
    assert.ok(!sockets.last.isPaused);
    for (let count = 0; count < 200; count++) sockets.sendBytes('x'.repeat(100_000));
    await assert.rejects(
      (async () => {
        for (;;) await events.next();
      })(),
      { reason: 'SLOW_READER' },
    );
  });
});

describe('a console’s stream', () => {
  it('a console stream reports the writer, survives a rejected write, and ends with the VM', async () => {
    const sockets = new FakeSockets();
    const stream = openConsoleStream(sockets.open, 'vm', { writer: true });
    assert.equal(sockets.last.path, '/v1/vms/vm/console?writer=1');
    sockets.last.events.opened();
    sockets.sendText({ type: 'writer', name: 'alice', you: false });
    sockets.sendBytes('login: ');
    sockets.sendText({ type: 'error', reason: 'CONSOLE_NOT_WRITER', message: 'alice types here.' });
    stream.take();
    stream.write('root\n');
    stream.release();
    const events = stream[Symbol.asyncIterator]();
    assert.deepEqual(await take(events, 2), [
      { type: 'writer', name: 'alice', you: false },
      { type: 'output', data: 'login: ' },
    ]);
    const { value } = await events.next();
    assert.ok(value?.type === 'refused' && value.error.reason === 'CONSOLE_NOT_WRITER');
    assert.deepEqual(sockets.last.sent, [{ type: 'take' }, 'root\n', { type: 'release' }]);
    sockets.last.events.closed(1000);
    assert.equal((await events.next()).done, true);
  });
});
