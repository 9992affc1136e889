import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTracked, trackedFiles } from './source-files.ts';

describe('object literals', () => {
  // The compiler does not check a spread for properties that the type does not have, so a misspelt one would pass.
  it('object literals are not spread into other literals, which would disable the check for excess properties', () => {
    const grouped = trackedFiles().filter(
      (file) => /\.(tsx?|mjs)$/.test(file) && !file.includes('/gen/') && /\.\.\.\{/.test(readTracked(file)),
    );
    assert.deepEqual(grouped, []);
  });
});
