import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cleanText } from './clean-text.ts';

describe('text from a guest', () => {
  it('cleanText() replaces escape sequences, line breaks and direction marks', () => {
    assert.equal(cleanText('a\x1b[2J\r\nb\u009b1m\u202ec\u2028d'), 'a·[2J··b·1m·c·d');
  });

  it('cleanText() cuts text to the limit and ends it with "…"', () => {
    assert.equal(cleanText('abcdef', 4), 'abc…');
    assert.equal(cleanText('abcd', 4), 'abcd');
  });
});
