import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planParts, type SplitChunk } from './plan-parts.ts';

const long = '//'.padEnd(2000, '-');

function chunk(name: string, text: string, isEntry = false): SplitChunk {
  const imports = [...text.matchAll(/^import [^"]*"\.\/([^"]+)";$/gm)].map(([, file]) => `split/${file}`);
  return { path: `split/${name}`, title: name, isEntry, imports, text };
}

function plan(...chunks: SplitChunk[]) {
  return planParts(chunks, ['split/main.js']);
}

describe('planParts', () => {
  it('a chunk that one import() leads to is in its part, and what the start has is in part 0', () => {
    const parts = plan(
      chunk('main.js', 'import {\n  log\n} from "./log.js";\nimport("./a.js");', true),
      chunk('log.js', `export { log };${long}`),
      chunk('a.js', 'import { log } from "./log.js";\nimport { help as h } from "./help.js";\nexport { run };', true),
      chunk('help.js', `export { help };${long}`),
    );
    assert.deepEqual(
      parts.map(({ name, title, modules }) => [name, title, [...modules.keys()]]),
      [
        ['0', 'start', ['split/main.js', 'split/log.js']],
        ['1', 'a.js', ['split/a.js', 'split/help.js']],
      ],
    );
  });

  it('a part imports from another one by its number, under the name that this one exports', () => {
    const [start, first] = plan(
      chunk('main.js', 'import { log } from "./log.js";\nimport("./a.js");', true),
      chunk('log.js', 'export { log };'),
      chunk('a.js', 'import { log as write } from "./log.js";', true),
    );
    assert.equal(start?.entry, 'import "split/main.js";\nexport { log as e0 } from "split/log.js";');
    assert.equal(first?.entry, 'export * from "split/a.js";');
    assert.equal(first?.modules.get('split/a.js'), 'import {e0 as write} from "0";');
  });

  it('import() becomes a call of the C layer in a later job', () => {
    const [start] = plan(chunk('main.js', 'const a = () => import("./a.js");', true), chunk('a.js', '', true));
    assert.equal(
      start?.modules.get('split/main.js'),
      'import { loadPart as __loadPart } from "host";\nconst a = () => Promise.resolve().then(() => __loadPart("1"));',
    );
  });

  it('a chunk that several import() lead to is a part of its own if it is large, and in part 0 if it is small', () => {
    const entry = (name: string) =>
      chunk(name, 'import { x } from "./large.js";\nimport { y } from "./small.js";\nimport "./large.js";', true);
    const parts = plan(
      chunk('main.js', 'import("./a.js");import("./b.js");', true),
      entry('a.js'),
      entry('b.js'),
      chunk('large.js', `export { x };${long}`),
      chunk('small.js', 'export { y };'),
    );
    assert.deepEqual(
      parts.map(({ modules }) => [...modules.keys()]),
      [['split/main.js', 'split/small.js'], ['split/a.js'], ['split/b.js'], ['split/large.js']],
    );
    assert.equal(
      parts[1]?.modules.get('split/a.js'),
      'import {e0 as x} from "3";\nimport {e0 as y} from "0";\nimport "3";',
    );
  });

  it('what is loaded by import() and at the start is refused', () => {
    const main = chunk('main.js', 'import { run } from "./a.js";\nimport("./a.js");', true);
    assert.throws(() => plan(main, chunk('a.js', 'export { run };', true)), /a\.js is loaded by import\(\)/);
  });
});
