import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { describe, it } from 'node:test';
import { HostMeter, memoryAvailable, prettyName } from './host-usage.ts';

describe('the usage of the host', () => {
  it('the CPU figure is absent in the first answer, and then counts the time between two answers', async () => {
    const times = [
      { busyMs: 1000, totalMs: 10_000 },
      { busyMs: 1300, totalMs: 11_000 },
      { busyMs: 1300, totalMs: 11_010 },
    ];
    const meter = new HostMeter(() => times.shift() ?? assert.fail());
    assert.equal((await meter.measure(tmpdir())).cpuBusyPercent, undefined);
    assert.equal((await meter.measure(tmpdir())).cpuBusyPercent, 30);
    // Too short a time to say anything.
    assert.equal((await meter.measure(tmpdir())).cpuBusyPercent, undefined);
  });

  it('memory and disk of the host are measured, and a figure that cannot be read is absent', async () => {
    const {
      memoryTotalBytes = 0n,
      memoryAvailableBytes = 0n,
      diskTotalBytes = 0n,
    } = await new HostMeter().measure(tmpdir());
    assert.ok(memoryTotalBytes >= memoryAvailableBytes && memoryAvailableBytes > 0n && diskTotalBytes > 0n);
    assert.equal((await new HostMeter().measure('/does/not/exist')).diskTotalBytes, undefined);
    assert.equal(memoryAvailable('MemTotal:  1 kB\n'), undefined);
    assert.equal(memoryAvailable('MemTotal:  9 kB\nMemAvailable:     2 kB\n'), 2048n);
    assert.equal(prettyName('NAME="x"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n'), 'Debian GNU/Linux 13 (trixie)');
  });
});
