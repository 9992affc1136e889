import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitPath } from './check-path.ts';

describe('splitPath', () => {
  it('slashes at the end do not count, and slashes within a path cost no time', () => {
    assert.deepEqual(splitPath('/a/b//'), { folder: '/a', name: 'b' });
    assert.deepEqual(splitPath('/a'), { folder: '/', name: 'a' });
    assert.deepEqual(splitPath('///'), { folder: '/', name: '' });
    const { user } = process.cpuUsage();
    assert.equal(splitPath(`${'/'.repeat(100_000)}x`).name, 'x');
    assert.ok(process.cpuUsage().user - user < 1_000_000, 'microseconds of CPU');
  });
});
