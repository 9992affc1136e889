import { create } from '@bufbuild/protobuf';
import {
  type AgentState as AgentStateName,
  isReasonName,
  reasons,
  type VmState as VmStateName,
} from '@innkeeper/contract';
import { SystemSchema, TelemetrySchema } from '@innkeeper/contract/agent';
import {
  type Agent,
  AgentSchema,
  AgentState,
  agentBootMs,
  isOutdatedVersion,
  type Vm,
  VmSchema,
  VmState,
} from '@innkeeper/contract/control';
import { isPanicked, isSuspended } from '@innkeeper/hypervisor';
import type { VmSummary } from '../../ports/vm-summary.ts';
import { parseAgentInstall } from '../images/agent-install.ts';
import type { VmRunner } from './vm-runner.ts';

const vmStates = {
  creating: VmState.CREATING,
  stopped: VmState.STOPPED,
  starting: VmState.STARTING,
  running: VmState.RUNNING,
  paused: VmState.PAUSED,
  stopping: VmState.STOPPING,
  crashed: VmState.CRASHED,
  deleting: VmState.DELETING,
} as const satisfies Record<VmStateName, VmState>;

const agentStates = {
  off: AgentState.OFF,
  waiting: AgentState.WAITING,
  connected: AgentState.CONNECTED,
  lost: AgentState.LOST,
  paused: AgentState.PAUSED,
  absent: AgentState.ABSENT,
} as const satisfies Record<AgentStateName, AgentState>;

/** A VM as an API message. */
export function vmMessage(runner: VmRunner): Vm {
  const { row, life, agent, usage, process } = runner;
  return create(VmSchema, {
    id: row.id,
    name: row.name,
    state: vmStates[life.state],
    stateDetail: life.detail,
    panicked: isPanicked(life),
    suspended: isSuspended(life),
    image: row.image,
    cpus: row.cpus,
    memoryBytes: BigInt(row.memory_bytes),
    diskBytes: BigInt(row.disk_bytes),
    accelerator: process?.accelerator ?? '',
    createdUnixNs: nanoseconds(row.created_ms),
    ...(row.started_ms === null ? {} : { startedUnixNs: nanoseconds(row.started_ms) }),
    agent: agentMessage(runner),
    ...(agent.telemetry === undefined ? {} : { telemetry: create(TelemetrySchema, agent.telemetry) }),
    ...(agent.system === undefined ? {} : { system: create(SystemSchema, agent.system) }),
    ...(usage === undefined
      ? {}
      : {
          hypervisor: {
            ...(usage.cpuPercent === undefined ? {} : { cpuPercent: usage.cpuPercent }),
            rssBytes: BigInt(usage.rssBytes),
            ...(process === undefined ? {} : { pid: process.pid }),
            sampledUnixNs: nanoseconds(usage.sampledMs),
            ...(usage.disk === undefined
              ? {}
              : { diskReadBytes: usage.disk.readBytes, diskWrittenBytes: usage.disk.writtenBytes }),
          },
        }),
    tags: JSON.parse(row.tags) as Record<string, string>,
    driver: row.driver,
    operationId: runner.operationId,
    reportedAddress: agent.reportedAddress,
    autostart: row.autostart !== 0,
    node: row.node_id,
  });
}

/** A cheaper summary: no message is created, and only the tags are copied. */
export function vmSummary({ row, life, agent }: VmRunner): VmSummary {
  const { id, name, image, cpus } = row;
  return {
    id,
    name,
    image,
    cpus,
    node: row.node_id,
    state: vmStates[life.state],
    panicked: isPanicked(life),
    createdMs: row.created_ms,
    tags: JSON.parse(row.tags) as Record<string, string>,
    agent: { state: agentStates[agent.state.state], version: agent.welcome?.agentVersion ?? '' },
    agentSinceMs: agent.sinceMs,
    ...(agent.telemetry === undefined ? {} : { telemetry: agent.telemetry }),
    ...(agent.system === undefined ? {} : { system: agent.system }),
  };
}

function agentMessage(runner: VmRunner): Agent {
  const { agent, row } = runner;
  const install = parseAgentInstall(row.agent);
  const { state } = agent.state;
  const { reason, detail, nextStep } = explain(runner);
  const lastSeenMs = agent.link?.lastSeenMs;
  return create(AgentSchema, {
    state: agentStates[state],
    reason,
    detail,
    nextStep,
    version: agent.welcome?.agentVersion ?? install.version,
    ...(lastSeenMs === undefined ? {} : { lastSeenUnixNs: nanoseconds(performance.timeOrigin + lastSeenMs) }),
    outdated: state === 'connected' && isOutdatedVersion(agent.welcome?.agentVersion ?? '', runner.newestAgent),
    bootId: agent.welcome?.bootId ?? '',
    address: runner.running?.adoptedAgent ?? '',
    capabilities: [...(agent.welcome?.capabilities ?? [])],
    ...(agent.clockOffsetNs === undefined ? {} : { clockOffsetNs: agent.clockOffsetNs }),
    ...(agent.telemetryMs === undefined ? {} : { telemetryUnixNs: nanoseconds(agent.telemetryMs) }),
  });
}

/** Why the agent is not connected, and what to do; all empty while it is connected or may still connect. */
function explain(runner: VmRunner): { reason: string; detail: string; nextStep: string } {
  const { state, reason, detail } = runner.agent.state;
  const install = parseAgentInstall(runner.row.agent);
  if (state === 'absent' || (state === 'off' && install.reason !== '')) return install;
  if (state === 'lost') return { reason, detail, nextStep: nextStepOf(reason) };
  if (state === 'waiting' && Date.now() - runner.agent.sinceMs > agentBootMs) {
    const reason = 'AGENT_UNREACHABLE';
    return { reason, detail: 'It has not connected since the VM started.', nextStep: nextStepOf(reason) };
  }
  return { reason: '', detail: '', nextStep: '' };
}

function nextStepOf(reason: string): string {
  return isReasonName(reason) ? reasons[reason].next : '';
}

/** Converts milliseconds, possibly fractional, to nanoseconds. */
function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}
