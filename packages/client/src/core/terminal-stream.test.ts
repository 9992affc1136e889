import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { OperationError } from '@innkeeper/contract/errors';
import { FakeSockets } from '../testing/fake-sockets.ts';
import { type ConsoleEvent, openConsoleStream } from './console-stream.ts';
import { openTerminalStream, type TerminalEvent } from './terminal-stream.ts';

const size = { columns: 80, rows: 24 };

/** An event with its bytes as text. */
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
  it('gives the screen, then output, and acknowledges what was taken', async () => {
    const sockets = new FakeSockets();
    const stream = openTerminalStream(sockets.open, 'a/b', 'id', { size });
    stream.write('early');
    sockets.last.events.opened();
    assert.equal(sockets.last.path, '/v1/vms/a%2Fb/terminals/id?columns=80&rows=24');
    sockets.tell({ type: 'screen', ...size });
    sockets.show('drawing');
    sockets.show('one');
    sockets.show('three');
    const events = stream[Symbol.asyncIterator]();
    assert.deepEqual(await take(events, 3), [
      { type: 'screen', ...size, data: 'drawing' },
      { type: 'output', data: 'one' },
      { type: 'output', data: 'three' },
    ]);
    const next = events.next();
    sockets.tell({ type: 'exited', code: 3 });
    assert.deepEqual((await next).value, { type: 'exited', code: 3 });
    assert.equal((await events.next()).done, true);
    assert.deepEqual(sockets.last.sent, ['early', { type: 'ack', bytes: 8 }]);
    assert.ok(sockets.last.isClosed);
  });

  it('connects again when the connection breaks, with the size of now, and begins with the screen', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const sockets = new FakeSockets();
      const stream = openTerminalStream(sockets.open, 'vm', 'id');
      sockets.last.events.opened();
      sockets.tell({ type: 'screen', ...size });
      sockets.lose();
      stream.resize(100, 30);
      stream.write('dropped');
      mock.timers.tick(500);
      sockets.lose(new OperationError('DAEMON_UNREACHABLE', 'not yet'));
      mock.timers.tick(500);
      assert.equal(sockets.sockets.length, 3);
      assert.equal(sockets.last.path, '/v1/vms/vm/terminals/id?columns=100&rows=30');
      sockets.last.events.opened();
      sockets.tell({ type: 'screen', columns: 100, rows: 30 });
      sockets.show('again');
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

  it('fails with what it was told, with what it could not reach, and when it is closed', async () => {
    const sockets = new FakeSockets();
    const told = openTerminalStream(sockets.open, 'vm', 'id')[Symbol.asyncIterator]();
    sockets.last.events.opened();
    sockets.tell({ type: 'error', reason: 'TERMINAL_NOT_FOUND', message: 'none', nextStep: 'look' });
    await assert.rejects(told.next(), { reason: 'TERMINAL_NOT_FOUND', message: 'none', nextStep: 'look' });
    const never = openTerminalStream(sockets.open, 'vm', 'id')[Symbol.asyncIterator]();
    sockets.lose(new OperationError('DAEMON_UNREACHABLE', 'gone'));
    await assert.rejects(never.next(), { reason: 'DAEMON_UNREACHABLE' });
    const stop = new AbortController();
    const left = openTerminalStream(sockets.open, 'vm', 'id', { signal: stop.signal })[Symbol.asyncIterator]();
    stop.abort();
    await assert.rejects(left.next(), { reason: 'CANCELED' });
    const odd = openTerminalStream(sockets.open, 'vm', 'id')[Symbol.asyncIterator]();
    sockets.last.events.text('no JSON');
    await assert.rejects(odd.next(), { reason: 'INTERNAL' });
  });

  it('stops reading while nobody takes what came', async () => {
    const sockets = new FakeSockets();
    const events = openTerminalStream(sockets.open, 'vm', 'id')[Symbol.asyncIterator]();
    sockets.last.events.opened();
    sockets.show('x'.repeat(200_000));
    assert.ok(!sockets.last.isPaused);
    sockets.show('x'.repeat(200_000));
    assert.ok(sockets.last.isPaused);
    await take(events, 2);
    void events.next();
    await Promise.resolve();
    assert.ok(!sockets.last.isPaused);
    for (let count = 0; count < 200; count++) sockets.show('x'.repeat(100_000));
    await assert.rejects(
      (async () => {
        for (;;) await events.next();
      })(),
      { reason: 'SLOW_READER' },
    );
  });
});

describe('a console’s stream', () => {
  it('tells who types, refuses without ending, and ends with the VM', async () => {
    const sockets = new FakeSockets();
    const stream = openConsoleStream(sockets.open, 'vm', { writer: true });
    assert.equal(sockets.last.path, '/v1/vms/vm/console?writer=1');
    sockets.last.events.opened();
    sockets.tell({ type: 'writer', name: 'alice', you: false });
    sockets.show('login: ');
    sockets.tell({ type: 'error', reason: 'CONSOLE_NOT_WRITER', message: 'alice types here.' });
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
