import { create } from '@bufbuild/protobuf';
import { type Operation, OperationSchema, OperationState } from '@innkeeper/contract/control';
import type { OperationRow } from '@innkeeper/store';

/** The JSON in an operation's row, as the runner writes it. */
interface KeptError {
  readonly code?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly nextStep?: string;
}

const states: ReadonlyMap<string, OperationState> = new Map([
  ['running', OperationState.RUNNING],
  ['succeeded', OperationState.SUCCEEDED],
  ['failed', OperationState.FAILED],
  ['canceled', OperationState.CANCELED],
]);

/** An operation as an API message. */
export function operationMessage(row: OperationRow): Operation {
  const error = row.error === null ? undefined : (JSON.parse(row.error) as KeptError);
  return create(OperationSchema, {
    id: row.id,
    kind: row.kind,
    state: states.get(row.state) ?? OperationState.UNSPECIFIED,
    target: row.target,
    stage: row.stage,
    ...(row.progress === null ? {} : { progress: row.progress }),
    log: JSON.parse(row.log) as string[],
    startedUnixNs: nanoseconds(row.started_ms),
    ...(row.ended_ms === null ? {} : { endedUnixNs: nanoseconds(row.ended_ms) }),
    errorCode: error?.code ?? '',
    errorReason: error?.reason ?? '',
    errorMessage: error?.message ?? '',
    errorNextStep: error?.nextStep ?? '',
    cancellable: row.state === 'running',
    vmId: row.vm_id,
    node: row.node_id,
  });
}

/** Milliseconds since the epoch as nanoseconds. */
export function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}
