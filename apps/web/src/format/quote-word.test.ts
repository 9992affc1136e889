import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { quoteWord } from '@innkeeper/kit';
import { showName } from './show-name.ts';

describe("a guest's names", () => {
  it('showName escapes control, bidirectional and zero-width characters in names of the guest', () => {
    assert.equal(showName('plain – ünï'), 'plain – ünï');
    assert.equal(showName('a\nb\x1b[2J\u202etxt.exe\u200b'), 'a\\nb\\x1b[2J\\u202etxt.exe\\u200b');
    assert.equal(showName('<img src=x>'), '<img src=x>');
  });

  it('quoteWord quotes any name as a single shell word', () => {
    assert.equal(quoteWord('web-1:/etc/hosts'), 'web-1:/etc/hosts');
    assert.equal(quoteWord("it's $(here)"), "'it'\\''s $(here)'");
    assert.equal(quoteWord("a\n'b"), "$'a\\x0a\\'b'");
    assert.equal(quoteWord(''), "''");
  });
});
