import type { Vm } from '@innkeeper/contract/control';

/** A VM's totals at one time; rates are computed from two of them. Unknown is null, never 0. */
export interface LiveMetric {
  readonly cpu_usage_percent: number | null;
  readonly memory_usage_percent: number | null;
  readonly network_in_bytes: number | null;
  readonly network_out_bytes: number | null;
  readonly disk_read_bytes: number | null;
  readonly disk_write_bytes: number | null;
  /** Whose figures the disk bytes are, since the others are the agent's. */
  readonly disk_source: 'hypervisor' | null;
}

/** What GET /v1/vms/{vm}/metrics/ws sends each second. Network bytes count since the guest booted, disk bytes since its process started. */
export function liveMetric({ telemetry, hypervisor }: Vm): LiveMetric {
  const { memory } = telemetry ?? {};
  const interfaces = (telemetry?.interfaces ?? []).filter((one) => one.name !== 'lo' && one.master === '');
  return {
    cpu_usage_percent: telemetry?.cpu?.busyPercent ?? null,
    memory_usage_percent: percent(memory?.usedBytes, memory?.totalBytes),
    network_in_bytes: sum(interfaces.map((one) => one.rxBytes)),
    network_out_bytes: sum(interfaces.map((one) => one.txBytes)),
    disk_read_bytes: numberOf(hypervisor?.diskReadBytes),
    disk_write_bytes: numberOf(hypervisor?.diskWrittenBytes),
    disk_source: hypervisor?.diskReadBytes === undefined ? null : 'hypervisor',
  };
}

function numberOf(value: bigint | undefined): number | null {
  return value === undefined ? null : Number(value);
}

function percent(part: bigint | undefined, whole: bigint | undefined): number | null {
  return part === undefined || whole === undefined || whole === 0n ? null : (100 * Number(part)) / Number(whole);
}

function sum(values: readonly (bigint | undefined)[]): number | null {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? null : Number(known.reduce((total, value) => total + value, 0n));
}
