import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { MemoryReader } from './memory-reader.ts';
import { NumberFile } from './number-file.ts';

const meminfo = `MemTotal:        8000000 kB
MemFree:         1000000 kB
MemAvailable:    6000000 kB
Buffers:          100000 kB
Cached:          2000000 kB
SwapCached:           10 kB
SwapTotal:             0 kB
SwapFree:              0 kB
SReclaimable:     300000 kB
HugePages_Total:       0
`;

const parseMemory = (text: string): ReturnType<MemoryReader['read']> => {
  const host = new FakeHost();
  host.files.put('/proc/meminfo', text);
  return new MemoryReader(host, new NumberFile(host)).read();
};

describe('MemoryReader', () => {
  it('memory is reported in bytes, with used = total - available', () => {
    const memory = parseMemory(meminfo);
    assert.equal(memory.totalBytes, 8_192_000_000n);
    assert.equal(memory.usedBytes, 2_048_000_000n);
    assert.equal(memory.cachedBytes, 2_048_000_000n);
    assert.equal(memory.slabReclaimableBytes, 307_200_000n);
  });

  it('missing swap is reported as zero, as the kernel does', () => {
    assert.equal(parseMemory(meminfo).swapTotalBytes, 0n);
  });

  it('memory values that an old kernel lacks are absent, and those derived from them', () => {
    const memory = parseMemory(meminfo.replace(/MemAvailable.*\n/, ''));
    assert.equal('availableBytes' in memory, false);
    assert.equal('usedBytes' in memory, false);
    assert.equal(memory.freeBytes, 1_024_000_000n);
    assert.deepEqual(parseMemory(''), {});
  });

  it('a memory value whose line is empty at the next report is absent then', () => {
    const host = new FakeHost();
    host.files.put('/proc/meminfo', 'MemTotal: 100 kB\nMemFree: 50 kB\n');
    const reader = new MemoryReader(host, new NumberFile(host));
    assert.equal(reader.read().totalBytes, 102_400n);
    host.files.put('/proc/meminfo', '\nMemFree: 50 kB\n\n');
    assert.equal('totalBytes' in reader.read(), false);
  });

  it('used memory is absent if more is available than the total', () => {
    assert.equal('usedBytes' in parseMemory('MemTotal: 100 kB\nMemAvailable: 200 kB\n'), false);
  });
});
