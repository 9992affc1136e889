import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TextWithoutKeys } from './text-without-keys.ts';

function setUp(): { text: TextWithoutKeys; late: string[]; runDue: () => void; due: (() => void)[] } {
  const late: string[] = [];
  const due: (() => void)[] = [];
  const text: TextWithoutKeys = new TextWithoutKeys({
    send: (each) => {
      late.push(each);
      text.sent();
    },
    defer: (act) => due.push(act),
  });
  const runDue = (): void => {
    for (const act of due.splice(0)) act();
  };
  return { text, late, due, runDue };
}

describe('text that arrives without keys', () => {
  it('text of an emoji picker or dictation is sent, each insertion once', () => {
    const { text, late, runDue } = setUp();
    text.inserted('😀');
    runDue();
    text.inserted('hello ');
    runDue();
    text.inserted('world');
    runDue();
    assert.deepEqual(late, ['😀', 'hello ', 'world']);
  });

  it('text of a key that the emulator has sent is not sent twice', () => {
    const { text, late, runDue } = setUp();
    for (const character of 'abc') {
      text.keyDown();
      text.sent();
      text.inserted(character);
    }
    runDue();
    assert.deepEqual(late, []);
  });

  it('text that the emulator sends a moment after its key, as for Android, is not sent twice', () => {
    const { text, late, due, runDue } = setUp();
    text.keyDown();
    due.push(() => text.sent());
    text.inserted('a');
    runDue();
    assert.deepEqual(late, []);
  });

  it('text after a key that inserted nothing, such as Enter, is sent', () => {
    const { text, late, runDue } = setUp();
    text.keyDown();
    text.sent();
    text.keyUp();
    text.inserted('😀');
    runDue();
    assert.deepEqual(late, ['😀']);
  });

  it('text of a key that the emulator did not understand is sent', () => {
    const { text, late, runDue } = setUp();
    text.keyDown();
    text.inserted('ü');
    runDue();
    assert.deepEqual(late, ['ü']);
  });
});
