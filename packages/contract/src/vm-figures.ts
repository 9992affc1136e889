import { isOutdatedVersion } from './agent-update.ts';
import type { Mount } from './gen/agent/v1/telemetry_pb.ts';
import { type Agent, AgentState, type Vm, VmState } from './gen/control/v1/vm_pb.ts';

/** The figures that lists show and compare. Undefined means unknown, which is never the same as 0. */
export interface VmFigures {
  /** Percentages, 0 to 100, as the agent reports them. */
  readonly cpuPercent: number | undefined;
  readonly memoryPercent: number | undefined;
  readonly diskPercent: number | undefined;
  /** The mount that `diskPercent` describes. */
  readonly fullestMount: string | undefined;
  readonly uptimeSeconds: number | undefined;
}

/** The part of a VM from which figures are computed. */
type VmReport = Pick<Vm, 'state' | 'telemetry'> & { readonly agent?: Pick<Agent, 'state' | 'version'> | undefined };

const unknownFigures: VmFigures = {
  cpuPercent: undefined,
  memoryPercent: undefined,
  diskPercent: undefined,
  fullestMount: undefined,
  uptimeSeconds: undefined,
};

/**
 * The figures of a VM's last report. Undefined unless its agent is connected, since an old report says nothing about the
 * present, and for impossible values: a guest can report whatever it likes.
 */
export function vmFigures({ agent, telemetry }: VmReport): VmFigures {
  if (telemetry === undefined || agent?.state !== AgentState.CONNECTED) return unknownFigures;
  const { cpu, memory, mounts, uptimeSeconds } = telemetry;
  let fullest: { readonly mount: string; readonly percent: number } | undefined;
  for (const mount of mounts) {
    const percent = mountPercent(mount);
    if (percent !== undefined && percent > (fullest?.percent ?? -1)) fullest = { mount: mount.mountPoint, percent };
  }
  return {
    cpuPercent: possiblePercent(cpu?.busyPercent),
    memoryPercent: share(memory?.usedBytes, memory?.totalBytes),
    diskPercent: fullest?.percent,
    fullestMount: fullest?.mount,
    uptimeSeconds: uptimeSeconds === undefined ? undefined : Number(uptimeSeconds),
  };
}

/** How full a mount is for ordinary users, as `df` computes it; undefined when unknown. */
export function mountPercent({ readOnly, usedBytes, availableBytes, totalBytes }: Mount): number | undefined {
  // A read-only mount is always full, and nothing can be done about it.
  if (readOnly || usedBytes === undefined) return undefined;
  return share(usedBytes, availableBytes === undefined ? totalBytes : usedBytes + availableBytes);
}

/** How long a guest may boot before an agent that has not connected counts as missing. */
export const agentBootMs = 180_000;

/** Whether a VM is running but its agent is not reporting. `waitedMs`: since the agent is in this state. */
export function isSilent({ state, agent }: VmReport, waitedMs: number): boolean {
  if (state !== VmState.RUNNING || agent?.state === AgentState.CONNECTED) return false;
  return agent?.state !== AgentState.WAITING || waitedMs > agentBootMs;
}

/** Whether a connected agent is older than the daemon's agent binary. */
export function isOutdated({ agent }: VmReport, newestVersion: string): boolean {
  return agent?.state === AgentState.CONNECTED && isOutdatedVersion(agent.version, newestVersion);
}

function share(used: bigint | undefined, total: bigint | undefined): number | undefined {
  if (used === undefined || total === undefined || total === 0n) return undefined;
  return possiblePercent((Number(used) / Number(total)) * 100);
}

function possiblePercent(value: number | undefined): number | undefined {
  return value !== undefined && value >= 0 && value <= 100 ? value : undefined;
}
