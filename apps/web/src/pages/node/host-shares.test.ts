import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostShares } from './host-shares.ts';

describe('the figures of the node page', () => {
  it('hostShares counts what is not available as used, and knows nothing about what was not measured', () => {
    const gib = 1024n ** 3n;
    const { cpuPercent, memoryPercent, memoryText, diskPercent, diskText } = hostShares({
      memoryTotalBytes: 8n * gib,
      memoryAvailableBytes: 6n * gib,
    });
    assert.deepEqual([cpuPercent, diskPercent, diskText], [undefined, undefined, '']);
    assert.deepEqual([memoryPercent, memoryText], [25, '2 GiB of 8 GiB']);
  });
});
