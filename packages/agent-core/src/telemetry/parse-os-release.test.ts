import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseOsRelease } from './parse-os-release.ts';

describe('parseOsRelease()', () => {
  it('parseOsRelease removes quotes and shell escapes, and skips comments', () => {
    const values = parseOsRelease('# a comment\nID=debian\nNAME="Say \\"hi\\" \\$x"\nVERSION_ID=\'12\'\n\nbad line\n');
    assert.deepEqual(
      [...values],
      [
        ['ID', 'debian'],
        ['NAME', 'Say "hi" $x'],
        ['VERSION_ID', '12'],
      ],
    );
  });
});
