import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readTracked, trackedFiles } from './source-files.ts';

/** A loop that does nothing but wait and look again. */
const polling = [
  /\bwhile \([^\n]*\)\s*(?:\{\s*)?await (?:nextTurn|setImmediate|delay|setTimeout|pause)\(/,
  /\bwhile \([^\n]*\)\s*(?:\{\s*)?await new Promise(?:<\w+>)?\(/,
  /\bwhile \([^\n]*await [^\n]*\)\s*(?:\{\s*)?(?:await|\w+\.throwIfAborted)\b/,
  /\bthrowIfAborted\(\);\s*await new Promise/,
  /\bfor \([^\n]*AbortSignal\.timeout[^\n]*\) \{\s*await new Promise/,
];

const isTestCode = (file: string): boolean => /\.test\.tsx?$|\/testing\/|^tests\//.test(file) && /\.tsx?$/.test(file);

it('tests wait for a condition by until() of @innkeeper/kit/testing, which gives up, and not by loops of their own', () => {
  const found = trackedFiles()
    .filter(
      (file) => isTestCode(file) && !file.startsWith('packages/kit/src/testing/') && !file.endsWith('/polling.test.ts'),
    )
    .flatMap((file) => {
      const text = readTracked(file);
      return polling.flatMap((pattern) => {
        const match = pattern.exec(text);
        return match === null ? [] : [`${file}:${text.slice(0, match.index).split('\n').length}: ${match[0]}`];
      });
    });
  assert.deepEqual(found, []);
});
