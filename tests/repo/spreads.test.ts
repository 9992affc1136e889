import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTracked, trackedFiles } from './source-files.ts';

/**
 * Areas in which object literals are still spread into others. An area without them must be removed from the list.
 */
const listed: readonly string[] = ['packages/contract', 'packages/store'];

describe('object literals', () => {
  // The compiler does not check a spread for properties that the type does not have, so a misspelt one would pass.
  it('object literals are not spread into other literals, which would disable the check for excess properties', () => {
    const grouped = trackedFiles().filter(
      (file) => /\.(tsx?|mjs)$/.test(file) && !file.includes('/gen/') && /\.\.\.\{/.test(readTracked(file)),
    );
    const areaOf = (file: string): string => file.split('/').slice(0, 2).join('/');
    assert.deepEqual(
      grouped.filter((file) => !listed.includes(areaOf(file))),
      [],
    );
    assert.deepEqual(listed, [...new Set(grouped.map(areaOf))].sort(), 'the list names an area that has none');
  });
});
