import assert from 'node:assert/strict';
import { beforeEach, describe, it, mock } from 'node:test';
import { browserSockets } from '@innkeeper/client/browser';
import { FakeSocket } from '../../../components/emulator/fake-socket.ts';
import { ConsoleLink, type ConsoleLinkState, newConsoleState } from './console-link.ts';

describe('ConsoleLink', () => {
  let state: ConsoleLinkState;
  let link: ConsoleLink;
  let pending: (() => void)[];
  const keys = new TextEncoder().encode('ls');
  const settle = (): void => {
    for (const act of pending.splice(0)) act();
  };
  beforeEach((test) => {
    mock.timers.enable({ apis: ['setTimeout'] });
    ('after' in test ? test : undefined)?.after(() => mock.timers.reset());
    FakeSocket.made.length = 0;
    state = newConsoleState;
    pending = [];
    link = new ConsoleLink({
      path: (writer) => `/console${writer ? '?writer=1' : ''}`,
      display: { clear: () => undefined, write: () => undefined, after: (act) => pending.push(act) },
      onState: (next) => {
        state = next;
      },
      open: browserSockets('http://host', FakeSocket.open),
    });
    FakeSocket.last.accept();
  });

  it('ConsoleLink sends input only as the writer, and only after the history is drawn', () => {
    link.type(keys);
    link.take();
    FakeSocket.last.sendText({ type: 'writer', name: 'ann', you: true });
    link.type(keys);
    assert.deepEqual(FakeSocket.last.sent, ['{"type":"take"}']);
    settle();
    link.type(keys);
    assert.equal(FakeSocket.last.sent.length, 2);
    assert.equal(state.writer, 'ann');
  });

  it('ConsoleLink asks to be the writer again after a connection loss, and sends no input before', () => {
    FakeSocket.last.sendText({ type: 'writer', name: 'ann', you: true });
    settle();
    FakeSocket.last.closeWith(1006);
    assert.equal(state.isWriter, false);
    mock.timers.tick(250);
    assert.equal(FakeSocket.last.url, 'ws://host/console?writer=1');
    FakeSocket.last.closeWith(1006);
    mock.timers.tick(500);
    assert.equal(FakeSocket.last.url, 'ws://host/console?writer=1');
    FakeSocket.last.accept();
    link.type(keys);
    assert.deepEqual(FakeSocket.last.sent, []);
    FakeSocket.last.sendText({ type: 'writer', name: 'bob', you: false });
    settle();
    FakeSocket.last.closeWith(1006);
    mock.timers.tick(60_000);
    assert.equal(FakeSocket.last.url, 'ws://host/console');
  });

  it('ConsoleLink stays closed after the VM has stopped', () => {
    FakeSocket.last.closeWith(1000);
    assert.deepEqual([state.socket, state.error], ['closed', undefined]);
    mock.timers.tick(60_000);
    assert.equal(FakeSocket.made.length, 1);
  });

  it('ConsoleLink reports the error with which it was closed', () => {
    FakeSocket.last.sendText({ type: 'error', reason: 'VM_NOT_FOUND', message: 'No.' });
    assert.equal(state.error?.reason, 'VM_NOT_FOUND');
    assert.equal(state.socket, 'closed');
  });

  it('ConsoleLink retries while the VM is starting', () => {
    FakeSocket.last.sendText({ type: 'error', reason: 'VM_NOT_RUNNING', message: 'Not yet.' });
    FakeSocket.last.closeWith(1011);
    mock.timers.tick(250);
    assert.equal(FakeSocket.made.length, 2);
  });

  it('ConsoleLink stays open when its input was rejected', () => {
    FakeSocket.last.sendText({ type: 'error', reason: 'CONSOLE_NOT_WRITER', message: 'bob types here.' });
    assert.equal(state.socket, 'open');
  });
});
