import { create, fromJson, type JsonValue } from '@bufbuild/protobuf';
import { ExecExitedSchema, OutputStream } from '@innkeeper/contract/agent';
import {
  type Run,
  type RunOutput,
  RunOutputSchema,
  RunSchema,
  type RunSpec,
  RunSpecSchema,
  RunState,
  type RunTarget,
  RunTargetSchema,
} from '@innkeeper/contract/control';
import type { RunOutputRow, RunRow, RunTargetRow } from '@innkeeper/store';

/** The stored names of states. */
export type RunStateName = 'waiting' | 'running' | 'succeeded' | 'failed' | 'canceled';

const states: Readonly<Record<string, RunState>> = {
  waiting: RunState.WAITING,
  running: RunState.RUNNING,
  succeeded: RunState.SUCCEEDED,
  failed: RunState.FAILED,
  canceled: RunState.CANCELED,
};

/** A complete run as an API message. `spec` is the parsed `row.spec`, for callers that have it. */
export function runMessage(row: RunRow, targets: readonly RunTargetRow[], spec: RunSpec = specOf(row)): Run {
  return create(RunSchema, {
    id: row.id,
    user: row.user_name,
    state: states[row.state] ?? RunState.UNSPECIFIED,
    spec: { ...spec, title: row.title },
    startedUnixNs: nanoseconds(row.started_ms),
    ...(row.ended_ms === null ? {} : { endedUnixNs: nanoseconds(row.ended_ms) }),
    targets: targets.map(targetMessage),
    node: row.node_id,
  });
}

/** The requested spec. */
export function specOf({ spec }: Pick<RunRow, 'spec'>): RunSpec {
  return fromJson(RunSpecSchema, JSON.parse(spec) as JsonValue, { ignoreUnknownFields: true });
}

/** A piece of output as an API message. */
export function outputMessage(row: RunOutputRow): RunOutput {
  return create(RunOutputSchema, {
    vmId: row.vm_id,
    offset: BigInt(row.start_offset),
    timeUnixNs: nanoseconds(row.time_ms),
    stream: row.stream === OutputStream.STDERR ? OutputStream.STDERR : OutputStream.STDOUT,
    data: new Uint8Array(row.data),
  });
}

function targetMessage(row: RunTargetRow): RunTarget {
  const error =
    row.error === null
      ? undefined
      : (JSON.parse(row.error) as { readonly reason: string; readonly message: string; readonly nextStep: string });
  return create(RunTargetSchema, {
    vmId: row.vm_id,
    vmName: row.vm_name,
    state: targetState(row),
    ...(row.exited === null
      ? {}
      : { exited: fromJson(ExecExitedSchema, JSON.parse(row.exited) as JsonValue, { ignoreUnknownFields: true }) }),
    errorReason: error?.reason ?? '',
    errorMessage: error?.message ?? '',
    errorNextStep: error?.nextStep ?? '',
    keptBytes: BigInt(row.kept_bytes),
    ...(row.started_ms === null ? {} : { startedUnixNs: nanoseconds(row.started_ms) }),
    ...(row.ended_ms === null ? {} : { endedUnixNs: nanoseconds(row.ended_ms) }),
  });
}

/** A cancelled target counts as running until it has ended. */
function targetState({ state, started_ms, ended_ms }: RunTargetRow): RunState {
  if (state !== 'canceled' || ended_ms !== null) return states[state] ?? RunState.UNSPECIFIED;
  return started_ms === null ? RunState.WAITING : RunState.RUNNING;
}

function nanoseconds(ms: number): bigint {
  return BigInt(ms) * 1_000_000n;
}
