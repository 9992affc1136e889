import { create, toJson } from '@bufbuild/protobuf';
import type { Telemetry } from '@innkeeper/contract/agent';
import { SampleSchema } from '@innkeeper/contract/control';
import type { SampleRow } from '@innkeeper/store';
import type { VmRunner } from './vm-runner.ts';

/** What is kept of a VM's last report; undefined when there is none. */
export function sampleOf(runner: VmRunner): SampleRow | undefined {
  const { telemetry, telemetryMs } = runner.agent;
  if (telemetry === undefined || telemetryMs === undefined) return undefined;
  const { memory, load } = telemetry;
  const { usage } = runner;
  const sample = create(SampleSchema, {
    timeUnixNs: BigInt(telemetryMs) * 1_000_000n,
    ...present('cpuPercent', telemetry.cpu?.busyPercent),
    ...present('memoryUsedBytes', memory?.usedBytes),
    ...present('memoryTotalBytes', memory?.totalBytes),
    ...present('loadOneMinute', load?.oneMinute),
    ...networkBytes(telemetry),
    ...present('diskUsedPercent', fullestMountPercent(telemetry)),
    ...present('hypervisorCpuPercent', usage?.cpuPercent),
    ...present('hypervisorRssBytes', usage === undefined ? undefined : BigInt(usage.rssBytes)),
  });
  return { vm_id: runner.row.id, time_ms: telemetryMs, data: JSON.stringify(toJson(SampleSchema, sample)) };
}

function present<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]: V });
}

/** Over all interfaces but loopback and those that belong to another one, whose bytes would count twice. */
function networkBytes(telemetry: Telemetry): { networkRxBytes?: bigint; networkTxBytes?: bigint } {
  const counted = telemetry.interfaces.filter(
    (one) => one.name !== 'lo' && one.master === '' && one.rxBytes !== undefined,
  );
  if (counted.length === 0) return {};
  return {
    networkRxBytes: counted.reduce((sum, one) => sum + (one.rxBytes ?? 0n), 0n),
    networkTxBytes: counted.reduce((sum, one) => sum + (one.txBytes ?? 0n), 0n),
  };
}

function fullestMountPercent(telemetry: Telemetry): number | undefined {
  const shares = telemetry.mounts.flatMap(({ usedBytes, availableBytes }) => {
    if (usedBytes === undefined || availableBytes === undefined) return [];
    const total = Number(usedBytes + availableBytes);
    return total > 0 ? [(100 * Number(usedBytes)) / total] : [];
  });
  return shares.length === 0 ? undefined : Math.max(...shares);
}
