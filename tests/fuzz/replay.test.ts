import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readCorpus } from './engine/corpus-file.ts';
import { judge } from './engine/judge.ts';
import { bytesOf } from './parser.ts';
import { allParsers } from './parsers.ts';

const folder = join(import.meta.dirname, 'corpus');
const maxCorpusBytes = 300_000;
const parsers = await allParsers();

describe('the corpus of the fuzzer', { timeout: 110_000 }, () => {
  for (const parser of parsers)
    it(`what must hold of the parser ${parser.name} holds for its corpus and its seeds`, async () => {
      const corpus = readCorpus(parser.name);
      assert.ok(corpus.length > 0, `npm run test:fuzz -- ${parser.name} --keep makes its corpus`);
      for (const bytes of [...corpus, ...parser.seeds().map(bytesOf)])
        assert.deepEqual(await judge(parser, bytes), undefined);
    });

  it('every corpus belongs to a parser, every parser has a name of its own, and all of it is small', () => {
    const names = parsers.map(({ name }) => `${name}.txt`).sort();
    assert.deepEqual(readdirSync(folder).sort(), names);
    assert.equal(new Set(names).size, names.length);
    const bytes = names.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    assert.ok(bytes <= maxCorpusBytes, `${bytes} bytes`);
  });
});
