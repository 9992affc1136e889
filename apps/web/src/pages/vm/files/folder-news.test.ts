import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { folderNews } from './folder-news.ts';

const entries = (...names: string[]) => names.map((name) => ({ path: `/d/${name}` }));

describe('news of a folder', () => {
  it('one entry is named, several are counted, and nothing is said of entries that only changed', () => {
    assert.equal(folderNews(entries('a'), entries('a', 'b')), 'b added');
    assert.equal(folderNews(entries('a', 'b', 'c'), entries('c', 'd')), 'd added, 2 entries removed');
    assert.equal(folderNews(entries('a'), entries('a')), '');
    assert.equal(folderNews([], []), '');
  });
});
