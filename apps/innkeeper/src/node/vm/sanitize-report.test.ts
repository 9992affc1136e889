import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { SystemSchema, type Telemetry, TelemetrySchema } from '@innkeeper/contract/agent';
import { AgentState, VmSchema, VmState } from '@innkeeper/contract/control';
import { Metrics } from '../../api/metrics/metrics.ts';
import { metricReport } from '../history/metric-points.ts';
import { maxCharacters, maxEntries, sanitizeReport } from './sanitize-report.ts';

const mebibyteOfName = 'n'.repeat(1024 * 1024);
const most = 2n ** 64n - 1n;

/** A report with only impossible values. */
const absurd = create(TelemetrySchema, {
  cpu: { count: 2, userTicks: most, busyPercent: Number.NaN },
  memory: { totalBytes: 2n ** 30n, usedBytes: 2n ** 63n, availableBytes: 2n ** 31n, swapTotalBytes: most },
  load: { oneMinute: -1, fiveMinutes: Number.POSITIVE_INFINITY, fifteenMinutes: 1e300 },
  cpuPressure: { someAvg10: -5, someAvg60: 101, fullAvg10: Number.NEGATIVE_INFINITY },
  uptimeSeconds: 2n ** 63n,
  mounts: Array.from({ length: 1_000_000 }, () => ({ mountPoint: '/m', totalBytes: 10n, usedBytes: 11n })),
  interfaces: [{ name: mebibyteOfName, rxBytes: most, addresses: [{ address: mebibyteOfName }] }],
  users: Array.from({ length: 1000 }, () => ({ name: mebibyteOfName })),
  agent: { rssBytes: most },
});

describe('a guest’s report', () => {
  it('possible values of a guest’s report are kept', () => {
    const honest = create(TelemetrySchema, {
      wallTimeUnixNs: -1n,
      monotonicNs: 5n,
      processCount: 3,
      uptimeSeconds: 60n,
      frozen: true,
      cpu: { count: 2, userTicks: 7n, busyPercent: 100 },
      memory: { totalBytes: 10n, usedBytes: 10n, availableBytes: 0n },
      mounts: [{ mountPoint: '/', totalBytes: 10n, usedBytes: 3n, inodesTotal: 0n, inodesFree: 5n }],
    });
    assert.deepEqual({ ...sanitizeReport(TelemetrySchema, honest) }, { ...honest });
  });

  it('impossible values of a guest’s report are unknown, and long lists and texts are cut', () => {
    const { cpu, memory, load, cpuPressure, uptimeSeconds, mounts, interfaces, users, agent }: Telemetry =
      sanitizeReport(TelemetrySchema, absurd);
    assert.deepEqual([cpu?.busyPercent, cpu?.userTicks, cpu?.count], [undefined, 0n, 2]);
    assert.deepEqual(
      [memory?.totalBytes, memory?.usedBytes, memory?.availableBytes, memory?.swapTotalBytes],
      [2n ** 30n, undefined, undefined, undefined],
    );
    assert.deepEqual([load?.oneMinute, load?.fiveMinutes, load?.fifteenMinutes], [undefined, undefined, undefined]);
    assert.equal(cpuPressure, undefined);
    assert.deepEqual([uptimeSeconds, agent?.rssBytes, mounts.length], [undefined, undefined, maxEntries]);
    assert.deepEqual([mounts[0]?.totalBytes, mounts[0]?.usedBytes], [10n, undefined]);
    assert.deepEqual([interfaces[0]?.name.length, interfaces[0]?.rxBytes], [maxCharacters, undefined]);
    assert.deepEqual([interfaces[0]?.addresses[0]?.address.length, users.length], [maxCharacters, maxEntries]);
    assert.equal(absurd.cpu?.busyPercent, Number.NaN);
  });

  it('impossible values of a guest’s report reach neither history nor metrics', async () => {
    const telemetry = sanitizeReport(TelemetrySchema, absurd);
    const { points, counters } = metricReport(telemetry, undefined);
    for (const { metric, value } of points) assert.ok(value >= 0 && value <= 2 ** 60, `${metric} ${value}`);
    assert.deepEqual(counters, []);
    const vm = create(VmSchema, {
      id: 'a',
      name: 'web',
      state: VmState.RUNNING,
      agent: { state: AgentState.CONNECTED },
      telemetry,
    });
    const text = await new Metrics({ version: '1' }).render([vm]);
    const values = [...text.matchAll(/^innkeeper_guest_\w+\{.*\} (.*)$/gm)].map(([, value]) => value);
    // The last three: mounts are writable, and the number of mounts and interfaces without a series.
    assert.deepEqual(values, ['2', `${2 ** 30}`, '10', '0', `${maxEntries - 32}`, '0']);
    assert.ok(text.length < 100_000, `${text.length}`);
  });

  it('names and lists in a guest’s report are cut', () => {
    const capabilities = Array.from({ length: 1000 }, () => mebibyteOfName);
    const system = sanitizeReport(SystemSchema, create(SystemSchema, { hostname: mebibyteOfName, capabilities }));
    assert.deepEqual([system.hostname.length, system.capabilities.length], [maxCharacters, maxEntries]);
    assert.equal(system.capabilities[0]?.length, maxCharacters);
  });
});
