import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TextWithoutKeys } from './text-without-keys.ts';

function setUp(): { text: TextWithoutKeys; sent: string[]; runDue: () => void } {
  const sent: string[] = [];
  const due: (() => void)[] = [];
  const text = new TextWithoutKeys({ send: (each) => sent.push(each), defer: (act) => due.push(act) });
  const runDue = (): void => {
    for (const act of due.splice(0)) act();
  };
  return { text, sent, runDue };
}

describe('text that arrives without keys', () => {
  it('text of an emoji picker or dictation is sent, each insertion once', () => {
    const { text, sent } = setUp();
    text.inserted('😀');
    text.inserted('hello ');
    text.inserted('world');
    assert.deepEqual(sent, ['😀', 'hello ', 'world']);
  });

  it('text is sent at its insertion, so a key that follows at once neither overtakes nor replaces it', () => {
    const { text, sent, runDue } = setUp();
    text.inserted('echo');
    assert.deepEqual(sent, ['echo']);
    text.keyDown();
    sent.push('\r');
    text.keySent();
    runDue();
    assert.deepEqual(sent, ['echo', '\r']);
  });

  it('text of a key that the emulator has sent is not sent twice', () => {
    const { text, sent } = setUp();
    for (const character of 'abc') {
      text.keyDown();
      text.keySent();
      text.inserted(character);
    }
    assert.deepEqual(sent, []);
  });

  it('text inserted right after a composition, which the emulator sends with it, is not sent twice', () => {
    const { text, sent, runDue } = setUp();
    text.emulatorReads();
    text.inserted('2');
    runDue();
    assert.deepEqual(sent, []);
    text.inserted('😀');
    assert.deepEqual(sent, ['😀']);
  });

  it('text after a key that inserted nothing, such as Enter, is sent', () => {
    const { text, sent } = setUp();
    text.keyDown();
    text.keySent();
    text.keyUp();
    text.inserted('😀');
    assert.deepEqual(sent, ['😀']);
  });

  it('text of a key that the emulator left to the input method is sent', () => {
    const { text, sent } = setUp();
    text.keyDown();
    text.inserted('ü');
    assert.deepEqual(sent, ['ü']);
  });
});
