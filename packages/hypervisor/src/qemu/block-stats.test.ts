import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readBlockStats } from './block-stats.ts';

describe('the disk counters of QEMU', () => {
  it('read and written bytes are summed over all disks', () => {
    const disk = (read: number, written: number) => ({
      device: '',
      'node-name': 'disk',
      stats: { rd_bytes: read, wr_bytes: written, rd_operations: 3 },
    });
    assert.deepEqual(readBlockStats([disk(5, 7), disk(2 ** 40, 1)]), { readBytes: 2n ** 40n + 5n, writtenBytes: 8n });
  });

  it('disk counters that are missing or impossible are unknown, not zero', () => {
    for (const answer of [undefined, {}, [], [null], [{ stats: {} }], [{ stats: { rd_bytes: -1, wr_bytes: 1 } }]])
      assert.equal(readBlockStats(answer), undefined);
  });
});
