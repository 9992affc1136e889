import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, it } from 'node:test';
import { readTracked, root } from './source-files.ts';

const page = 'docs/PROMISES.md';

/** A file's text, or undefined if there is none. */
type Read = (file: string) => string | undefined;

const readFile: Read = (file) => (existsSync(join(root, file)) ? readTracked(file) : undefined);

/** Titles of the tests in a source file, with `…` for what a template inserts. */
function titlesOf(source: string): Set<string> {
  const calls = source.matchAll(
    /^\s*(?:it|test)\(\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/gm,
  );
  return new Set([...calls].map(([, single, double, template]) => plain(single ?? double ?? template ?? '')));
}

/** Names of the figures in a source file of the benchmark. */
function metricsOf(source: string): Set<string> {
  const names = source.matchAll(/\bmetric: (?:'((?:\\.|[^'\\])*)'|`((?:\\.|[^`\\])*)`)/g);
  return new Set([...names].map(([, single, template]) => plain(single ?? template ?? '')));
}

function plain(literal: string): string {
  return literal.replaceAll(/\$\{[^}]*\}/g, '…').replaceAll(/\\(.)/g, '$1');
}

/** What is wrong with one holder of a promise, `[name](path): title`; undefined if it exists. */
function holderProblem(holder: string, read: Read): string | undefined {
  const [, link, title] = /^\[[^\]]+\]\(([^)]+)\): (\S.*)$/.exec(holder) ?? [];
  if (link === undefined || title === undefined) return `"${holder}" is not "[file](path): title"`;
  const file = posix.join('docs', link);
  const source = read(file);
  if (source === undefined) return `${file} does not exist`;
  const isBenchmark = file.startsWith('tests/bench/');
  if ((isBenchmark ? metricsOf(source) : titlesOf(source)).has(title)) return;
  return `${file} has no ${isBenchmark ? 'metric' : 'test'} "${title}"`;
}

/** What is wrong with the rows of a table of promises; each problem begins with its promise. */
function problemsOf(text: string, read: Read): string[] {
  const rows = text.split('\n').filter((line) => line.startsWith('|') && !/^\|(?: promise \||[ -]+\|)/.test(line));
  const seen = new Set<string>();
  return rows.flatMap((row) => {
    const [promise = '', statedIn = '', heldBy = '', ...more] = row
      .replace(/^\|/, '')
      .replace(/\|\s*$/, '')
      .split('|')
      .map((cell) => cell.trim());
    const problems: string[] = [];
    if (promise === '' || statedIn === '' || heldBy === '' || more.length > 0)
      problems.push(`the row does not have the three cells promise, stated in, held by: ${row.slice(0, 80)}`);
    if (seen.has(promise)) problems.push('the promise has two rows');
    seen.add(promise);
    const pages = [...statedIn.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, link = '']) => posix.join('docs', link));
    if (pages.length === 0) problems.push('"stated in" has no link');
    for (const file of pages) if (read(file) === undefined) problems.push(`${file} does not exist`);
    for (const holder of heldBy.split('<br>')) {
      const problem = holderProblem(holder.trim(), read);
      if (problem !== undefined) problems.push(problem);
    }
    return problems.map((problem) => `${promise}: ${problem}`);
  });
}

describe(page, () => {
  it('every promise of the docs names a test or a figure of the benchmark that exists', () => {
    const text = readTracked(page);
    assert.ok(text.split('\n').filter((line) => line.startsWith('| ')).length > 100, 'the rows are not found');
    assert.deepEqual(problemsOf(text, readFile), []);
  });

  it('a promise without a test, with a test of another title, or with an empty cell is reported', () => {
    const files: Record<string, string> = {
      'README.md': '',
      'tests/a.test.ts': `it('holds it', () => {});\n// it('is gone', () => {});\nit(\`holds \${what}: all\`, () => {});`,
      'tests/bench/b.ts': "makeMetric({ metric: 'ping p50' })",
    };
    const problems = (held: string, stated = '[README](../README.md)') =>
      problemsOf(
        `| promise | stated in | held by |\n| --- | --- | --- |\n| P | ${stated} | ${held} |`,
        (file) => files[file],
      );
    assert.deepEqual(problems('[a](../tests/a.test.ts): holds it<br>[b](../tests/bench/b.ts): ping p50'), []);
    assert.deepEqual(problems('[a](../tests/a.test.ts): holds …: all'), []);
    assert.deepEqual(problems('[a](../tests/a.test.ts): holds'), ['P: tests/a.test.ts has no test "holds"']);
    assert.deepEqual(problems('[a](../tests/a.test.ts): is gone'), ['P: tests/a.test.ts has no test "is gone"']);
    assert.deepEqual(problems('[b](../tests/bench/b.ts): exec'), ['P: tests/bench/b.ts has no metric "exec"']);
    assert.deepEqual(problems('[c](../tests/c.test.ts): holds it'), ['P: tests/c.test.ts does not exist']);
    assert.match(problems('').join(), /three cells.*is not "\[file\]\(path\): title"/s);
    assert.deepEqual(problems('[a](../tests/a.test.ts): holds it', 'README'), ['P: "stated in" has no link']);
  });
});
