import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { NumberFile } from './number-file.ts';
import { busyPercent, type CpuTicks, readCpu } from './read-cpu.ts';

const stat = `cpu  70000 10 5000 4300000000 9000000000 30 40 50 0 0
cpu0 35000 5 2500 2150000000 4500000000 15 20 25 0 0
cpu1 35000 5 2500 2150000000 4500000000 15 20 25 0 0
intr 12345 0 0
ctxt 99
`;

const parseCpu = (text: string): CpuTicks | undefined => {
  const host = new FakeHost();
  host.files.put('/proc/stat', text);
  return readCpu(new NumberFile(host));
};

const zero: CpuTicks = {
  user: 0n,
  nice: 0n,
  system: 0n,
  idle: 0n,
  iowait: 0n,
  irq: 0n,
  softirq: 0n,
  steal: 0n,
  count: 2,
};

describe('readCpu()', () => {
  it('CPU ticks above 65,535 and above 2^32 are read exactly', () => {
    const ticks = parseCpu(stat);
    assert.deepEqual(
      [ticks?.user, ticks?.idle, ticks?.iowait, ticks?.count],
      [70_000n, 4_300_000_000n, 9_000_000_000n, 2],
    );
  });

  it('CPU columns that an old kernel lacks count as zero', () => {
    assert.equal(parseCpu('cpu  1 2 3 4\ncpu0 1 2 3 4\n')?.steal, 0n);
  });

  it('CPUs of a large machine are counted, and no other lines', () => {
    const cpus = Array.from({ length: 300 }, (_, at) => `cpu${at} 1 2 3 4 5 6 7 8 9 10\n`).join('');
    const ticks = parseCpu(`cpu  1 2 3 4 5 6 7 8 9 10\n${cpus}intr 1 2 3 4 5 6 7 8 9 10 11\nctxt 99\n`);
    assert.deepEqual([ticks?.count, ticks?.steal], [300, 8n]);
  });

  it('text that is not /proc/stat gives no CPU sample', () => {
    for (const text of ['', 'cpu  1 2 3', 'cpu\n']) assert.equal(parseCpu(text), undefined, text);
  });
});

describe('busyPercent()', () => {
  it('iowait counts as idle, steal and interrupts as busy', () => {
    const after = { ...zero, user: 10n, idle: 50n, iowait: 25n, irq: 5n, softirq: 5n, steal: 5n };
    assert.equal(busyPercent(zero, after), 25);
  });

  it('the CPU share is correct for counters above 65,535 and 2^32', () => {
    const before = parseCpu('cpu  65530 0 0 4294967290 0 0 0 0 0 0\n');
    const after = parseCpu('cpu  65630 0 0 4294967390 0 0 0 0 0 0\n');
    assert.ok(before && after);
    assert.equal(busyPercent(before, after), 50);
  });

  it('the CPU share is unknown if no time passed, or counters decreased', () => {
    const later = { ...zero, user: 100n, idle: 100n };
    assert.equal(busyPercent(later, later), undefined);
    assert.equal(busyPercent(later, { ...zero, user: 50n, idle: 100n }), undefined);
    assert.equal(busyPercent(later, { ...zero, user: 300n, idle: 50n }), undefined);
    assert.equal(busyPercent(later, { ...zero, user: 90n, idle: 200n }), undefined);
  });
});
