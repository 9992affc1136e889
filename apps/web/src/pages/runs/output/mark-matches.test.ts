import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plainStyle } from './ansi-parts.ts';
import { LineBlocks } from './line-blocks.ts';
import { findLines, markMatches, partsOf } from './mark-matches.ts';

const marks = (text: string, query: string): string[] =>
  markMatches(partsOf({ text, style: plainStyle }), query).map((part) => (part.marked ? `[${part.text}]` : part.text));

describe('search in output', () => {
  it('markMatches marks every match, ignoring case, also at the start and end', () => {
    assert.deepEqual(marks('Error: no error', 'error'), ['[Error]', ': no ', '[error]']);
    assert.deepEqual(marks('aaa', 'a'), ['[a]', '[a]', '[a]']);
    assert.deepEqual(marks('nothing', ''), ['nothing']);
    assert.deepEqual(marks('nothing', 'x'), ['nothing']);
  });

  it('markMatches marks a match that spans a colour change', () => {
    assert.deepEqual(marks('fa\x1b[31mil\x1b[med', 'aile'), ['f', '[a]', '[il]', '[e]', 'd']);
  });

  it('findLines finds lines, ignoring colour sequences', () => {
    const blocks = new LineBlocks();
    for (const [index, text] of ['a\x1b[31mb', 'c', 'AB'].entries())
      blocks.add({ number: index + 1, stream: 'stdout', timeUnixNs: 0n, text, style: plainStyle });
    assert.deepEqual(findLines(blocks, 'ab'), [0, 2]);
    assert.deepEqual(findLines(blocks, '31'), []);
    assert.deepEqual(findLines(blocks, ''), []);
  });
});
