import { AgentState, OperationState, RunState, VmState } from '@innkeeper/contract/control';

/** The states that this version knows. */
type Known<T> = T extends number ? (number extends T ? never : T) : never;

/** States in one word each; a new state is a type error here. */
const vmStateWords: Record<Known<VmState>, string> = {
  [VmState.UNSPECIFIED]: '–',
  [VmState.CREATING]: 'creating',
  [VmState.STOPPED]: 'stopped',
  [VmState.STARTING]: 'starting',
  [VmState.RUNNING]: 'running',
  [VmState.PAUSED]: 'paused',
  [VmState.STOPPING]: 'stopping',
  [VmState.CRASHED]: 'crashed',
  [VmState.DELETING]: 'deleting',
};

const agentStateWords: Record<Known<AgentState>, string> = {
  [AgentState.UNSPECIFIED]: '–',
  [AgentState.OFF]: '–',
  [AgentState.WAITING]: 'waiting',
  [AgentState.CONNECTED]: 'connected',
  [AgentState.LOST]: 'lost',
  [AgentState.PAUSED]: 'paused',
  [AgentState.ABSENT]: 'absent',
};

const operationStateWords: Record<Known<OperationState>, string> = {
  [OperationState.UNSPECIFIED]: '–',
  [OperationState.RUNNING]: 'running',
  [OperationState.SUCCEEDED]: 'succeeded',
  [OperationState.FAILED]: 'failed',
  [OperationState.CANCELED]: 'cancelled',
};

const runStateWords: Record<Known<RunState>, string> = {
  [RunState.UNSPECIFIED]: '–',
  [RunState.WAITING]: 'waiting',
  [RunState.RUNNING]: 'running',
  [RunState.SUCCEEDED]: 'succeeded',
  [RunState.FAILED]: 'failed',
  [RunState.CANCELED]: 'cancelled',
};

/** A state of a later version is shown as unknown. */
export function vmStateWord(state: VmState): string {
  return (vmStateWords as Partial<Record<number, string>>)[state] ?? '–';
}

/** A state of a later version is shown as unknown. */
export function agentStateWord(state: AgentState): string {
  return (agentStateWords as Partial<Record<number, string>>)[state] ?? '–';
}

/** A state of a later version is shown as unknown. */
export function operationStateWord(state: OperationState): string {
  return (operationStateWords as Partial<Record<number, string>>)[state] ?? '–';
}

/** A state of a later version is shown as unknown. */
export function runStateWord(state: RunState): string {
  return (runStateWords as Partial<Record<number, string>>)[state] ?? '–';
}
