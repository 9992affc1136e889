import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LineWriter, maxPendingBytes } from './line-writer.ts';

/** Accepts `room` bytes, then nothing until there is room again. */
function fakeConsole() {
  let wake: (() => void) | undefined;
  const fake = {
    room: 0,
    text: '',
    writeNow: (bytes: Uint8Array, from: number): number => {
      const count = Math.min(fake.room, bytes.length - from);
      fake.text += Buffer.from(bytes.subarray(from, from + count)).toString();
      fake.room -= count;
      return count === 0 ? -1 : count;
    },
    onWritable: (callback: () => void): void => {
      assert.equal(wake, undefined);
      wake = callback;
    },
    go: (room: number): void => {
      fake.room = room;
      const woken = wake;
      wake = undefined;
      woken?.();
    },
  };
  return fake;
}

describe('the log writer', () => {
  it('a log whose console is stopped keeps what fits, drops the rest, and reports how many lines it dropped', () => {
    const console = fakeConsole();
    const writer = new LineWriter(console);
    for (let line = 0; line < 10_000; line++) writer.write(`info line ${line}`);
    assert.equal(console.text, '');
    console.go(Number.POSITIVE_INFINITY);
    const lines = console.text.trimEnd().split('\n');
    const dropped = Number(/^warn log\.dropped count=(\d+)$/.exec(lines.at(-1) ?? '')?.[1]);
    assert.equal(lines.length - 1 + dropped, 10_000);
    assert.ok(console.text.length <= maxPendingBytes + 40);
    writer.write('info again');
    assert.match(console.text, /again\n$/);
  });

  it('a log continues in the middle of a line', () => {
    const console = fakeConsole();
    const writer = new LineWriter(console);
    console.room = 3;
    writer.write('abcdef');
    writer.write('ghi');
    for (let turn = 0; turn < 10; turn++) console.go(1);
    assert.equal(console.text, 'abcdef\nghi\n');
  });

  it('a log whose console is gone loses its lines and does not fail', () => {
    const writer = new LineWriter({
      writeNow: () => {
        throw new Error('EIO');
      },
      onWritable: () => undefined,
    });
    for (let line = 0; line < 1000; line++) writer.write('x'.repeat(1000));
  });
});
