import assert from 'node:assert/strict';
import { beforeEach, describe, it, mock } from 'node:test';
import { browserSockets } from '@innkeeper/client/browser';
import { FakeSocket } from '../../../components/emulator/fake-socket.ts';
import { TerminalLink, type TerminalLinkState } from './terminal-link.ts';

/** A display that draws only when the test calls draw(). */
class SlowDisplay {
  readonly seen: string[] = [];
  readonly #waiting: (() => void)[] = [];

  clear({ columns, rows }: { readonly columns: number; readonly rows: number }): void {
    this.seen.push(`clear ${columns}x${rows}`);
  }

  write(bytes: Uint8Array, onDrawn: () => void = () => undefined): void {
    this.seen.push(new TextDecoder().decode(bytes));
    this.#waiting.push(onDrawn);
  }

  resized({ columns, rows }: { readonly columns: number; readonly rows: number }): void {
    this.seen.push(`size ${columns}x${rows}`);
  }

  draw(): void {
    for (const done of this.#waiting.splice(0)) done();
  }
}

describe('TerminalLink', () => {
  let display: SlowDisplay;
  let states: TerminalLinkState[];
  let link: TerminalLink;
  beforeEach((test) => {
    mock.timers.enable({ apis: ['setTimeout'] });
    ('after' in test ? test : undefined)?.after(() => mock.timers.reset());
    FakeSocket.made.length = 0;
    display = new SlowDisplay();
    states = [];
    const onState = (state: TerminalLinkState): void => void states.push(state);
    const open = browserSockets('http://host', FakeSocket.open);
    link = new TerminalLink({ open, path: () => '/t', display, onState });
    FakeSocket.last.accept();
  });

  it('TerminalLink acknowledges drawn output, but not the initial screen', () => {
    const socket = FakeSocket.last;
    socket.sendText({ type: 'screen', columns: 100, rows: 30 });
    socket.sendBytes('drawing');
    socket.sendBytes('one');
    socket.sendBytes('two!');
    assert.deepEqual(socket.sent, []);
    display.draw();
    assert.deepEqual(socket.sent, ['{"type":"ack","bytes":7}']);
    assert.deepEqual(display.seen, ['clear 100x30', 'drawing', 'one', 'two!']);
  });

  it('TerminalLink sends what was typed before its first connection, and drops what is typed while that is lost', () => {
    const open = browserSockets('http://host', FakeSocket.open);
    const early = new TerminalLink({ open, path: () => '/t', display, onState: () => undefined });
    const bytes = (text: string) => new TextEncoder().encode(text);
    early.type(bytes('ls'));
    early.type(bytes('\r'));
    FakeSocket.last.accept();
    early.type(bytes('x'));
    assert.deepEqual(FakeSocket.last.sent, [bytes('ls'), bytes('\r'), bytes('x')]);
    FakeSocket.last.closeWith(1006);
    early.type(bytes('lost'));
    mock.timers.tick(250);
    FakeSocket.last.accept();
    assert.deepEqual(FakeSocket.last.sent, []);
  });

  it('TerminalLink reconnects, and acknowledges nothing of the previous connection', () => {
    FakeSocket.last.sendBytes('lost');
    FakeSocket.last.closeWith(1006);
    assert.equal(states.at(-1)?.socket, 'lost');
    mock.timers.tick(250);
    assert.equal(FakeSocket.made.length, 2);
    FakeSocket.last.accept();
    display.draw();
    assert.deepEqual(FakeSocket.last.sent, []);
    assert.equal(states.at(-1)?.socket, 'open');
  });

  it('TerminalLink doubles the wait between attempts, and retryNow skips it', () => {
    for (const waitMs of [250, 500, 1000]) {
      FakeSocket.last.closeWith(1006);
      const before = FakeSocket.made.length;
      mock.timers.tick(waitMs - 1);
      assert.equal(FakeSocket.made.length, before);
      mock.timers.tick(1);
      assert.equal(FakeSocket.made.length, before + 1);
    }
    FakeSocket.last.closeWith(1006);
    link.retryNow();
    assert.equal(FakeSocket.made.length, 5);
  });

  it('TerminalLink stays closed after the process has exited, with its exit code', () => {
    FakeSocket.last.sendText({ type: 'exited', code: 3 });
    assert.deepEqual(states.at(-1)?.ending, { type: 'code', code: 3 });
    mock.timers.tick(60_000);
    assert.equal(FakeSocket.made.length, 1);
  });

  it('TerminalLink does not retry a terminal that does not exist', () => {
    FakeSocket.last.sendText({ type: 'error', code: 'not_found', reason: 'TERMINAL_NOT_FOUND', message: 'Gone.' });
    const ending = states.at(-1)?.ending;
    assert.equal(ending?.type === 'error' ? ending.error.reason : '', 'TERMINAL_NOT_FOUND');
    mock.timers.tick(60_000);
    assert.equal(FakeSocket.made.length, 1);
  });

  it('TerminalLink retries after a temporary error, and reports it if the daemon closes for good', () => {
    const unavailable = { type: 'error', code: 'unavailable', reason: 'AGENT_UNREACHABLE', message: 'No agent.' };
    FakeSocket.last.sendText(unavailable);
    FakeSocket.last.closeWith(1011);
    mock.timers.tick(250);
    FakeSocket.last.accept();
    FakeSocket.last.sendText(unavailable);
    FakeSocket.last.closeWith(1000);
    assert.equal(states.at(-1)?.ending?.type, 'error');
  });

  it('TerminalLink follows another viewer’s size, and reports a lost agent', () => {
    FakeSocket.last.sendText({ type: 'size', columns: 90, rows: 20 });
    FakeSocket.last.sendText({ type: 'agent', state: 'lost' });
    FakeSocket.last.sendText({ type: 'of a newer daemon' });
    assert.deepEqual(display.seen, ['size 90x20']);
    assert.equal(states.at(-1)?.agent, 'lost');
  });
});
