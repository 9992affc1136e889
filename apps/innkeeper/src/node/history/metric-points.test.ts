import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { TelemetrySchema } from '@innkeeper/contract/agent';
import { CounterRates } from './counter-rates.ts';
import { metricReport, sourceOf, unitOf } from './metric-points.ts';

const values = (points: readonly { metric: string; value: number }[]) =>
  Object.fromEntries(points.map(({ metric, value }) => [metric, value]));

describe('metricReport()', () => {
  it('values that were not measured have no point in history', () => {
    const report = metricReport(create(TelemetrySchema, { memory: { usedBytes: 5n } }), undefined);
    assert.deepEqual(values(report.points), { 'memory.used_bytes': 5 });
  });

  it('impossible percentages are left out of history', () => {
    const report = metricReport(create(TelemetrySchema, { cpu: { busyPercent: 640 } }), undefined);
    assert.deepEqual(report.points, []);
  });

  it('the usage of a mount is computed from the space available to unprivileged users', () => {
    const telemetry = create(TelemetrySchema, {
      mounts: [{ mountPoint: '/', totalBytes: 100n, usedBytes: 60n, availableBytes: 20n }],
    });
    assert.equal(values(metricReport(telemetry, undefined).points)['mount./.used_percent'], 75);
  });

  it('metrics of the hypervisor are distinguished from those of the agent', () => {
    const [cpu] = metricReport(undefined, { cpuPercent: 3, rssBytes: 1 }).points;
    assert.equal(cpu?.metric, 'hypervisor.cpu_percent');
    assert.equal(sourceOf('hypervisor.cpu_percent'), 'hypervisor');
    assert.equal(sourceOf('cpu.busy_percent'), 'agent');
    assert.equal(unitOf('network.eth0.rx_bytes_per_second'), 'bytes_per_second');
  });

  it('history limits the number of mounts and the length of their names', () => {
    const mounts = Array.from({ length: 500 }, (_, index) => ({
      mountPoint: `/${index}${'x'.repeat(4000)}`,
      totalBytes: 1n,
      usedBytes: 1n,
      availableBytes: 1n,
    }));
    const { points } = metricReport(create(TelemetrySchema, { mounts }), undefined);
    assert.equal(points.length, 32);
    assert.ok(points.every(({ metric }) => metric.length <= 80));
  });
});

describe('rates of counters', () => {
  const metric = 'network.eth0.rx_bytes_per_second';

  it('rates of counters are differences divided by the time between two reports', () => {
    const rates = new CounterRates();
    assert.deepEqual(rates.next([{ metric, total: 1000n }], 0), []);
    assert.deepEqual(rates.next([{ metric, total: 6000n }], 5000), [{ metric, value: 1000 }]);
  });

  it('rates of counters are unknown after a reboot of the guest, and after a long gap', () => {
    const rates = new CounterRates();
    rates.next([{ metric, total: 1000n }], 0);
    assert.deepEqual(rates.next([{ metric, total: 10n }], 5000), []);
    assert.deepEqual(rates.next([{ metric, total: 20n }], 500_000), []);
  });

  it('rates of counters are not affected by reports without counters', () => {
    const rates = new CounterRates();
    rates.next([{ metric, total: 0n }], 0);
    rates.next([], 2000);
    assert.deepEqual(rates.next([{ metric, total: 5000n }], 5000), [{ metric, value: 1000 }]);
  });

  it('rates of the hypervisor’s and the agent’s counters do not disturb each other', () => {
    const rates = new CounterRates();
    const disk = (readBytes: bigint) =>
      metricReport(undefined, { cpuPercent: 1, rssBytes: 1, disk: { readBytes, writtenBytes: 0n } }).counters;
    rates.next(disk(0n), 0);
    rates.next([{ metric, total: 0n }], 1000);
    assert.deepEqual(rates.next(disk(8000n), 4000), [
      { metric: 'hypervisor.disk_read_bytes_per_second', value: 2000 },
      { metric: 'hypervisor.disk_written_bytes_per_second', value: 0 },
    ]);
    assert.deepEqual(rates.next([{ metric, total: 5000n }], 6000), [{ metric, value: 1000 }]);
    // Without an answer of the hypervisor there is no figure, and no zero.
    assert.deepEqual(metricReport(undefined, { cpuPercent: 1, rssBytes: 1 }).counters, []);
    assert.equal(sourceOf('hypervisor.disk_read_bytes_per_second'), 'hypervisor');
  });
});
