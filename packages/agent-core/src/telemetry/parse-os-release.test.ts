import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseLoad } from './parse-load.ts';
import { parseOsRelease } from './parse-os-release.ts';

describe('parseOsRelease()', () => {
  it('takes off quotes and shell escapes, and leaves comments out', () => {
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

describe('parseLoad()', () => {
  it('reads three averages', () => {
    assert.deepEqual(parseLoad('0.10 2.50 33.00 1/80 400'), { oneMinute: 0.1, fiveMinutes: 2.5, fifteenMinutes: 33 });
  });

  it('knows nothing of other text', () => {
    assert.equal(parseLoad(''), undefined);
    assert.equal(parseLoad('0.1 0.2'), undefined);
    assert.equal(parseLoad('a b c'), undefined);
  });
});
