import { AgentState, OperationState, panickedWord, RunState, type Vm, VmState } from '@innkeeper/contract/control';

/** The states of an enum that this version knows, without those of later versions. */
type Known<T> = T extends number ? (number extends T ? never : T) : never;

// A new state without a label is a type error here.
const vmStateLabels: Record<Known<VmState>, string> = {
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

const agentStateLabels: Record<Known<AgentState>, string> = {
  [AgentState.UNSPECIFIED]: '–',
  [AgentState.OFF]: '–',
  [AgentState.WAITING]: 'waiting',
  [AgentState.CONNECTED]: 'connected',
  [AgentState.LOST]: 'lost',
  [AgentState.PAUSED]: 'paused',
  [AgentState.ABSENT]: 'absent',
};

const operationStateLabels: Record<Known<OperationState>, string> = {
  [OperationState.UNSPECIFIED]: '–',
  [OperationState.RUNNING]: 'running',
  [OperationState.SUCCEEDED]: 'succeeded',
  [OperationState.FAILED]: 'failed',
  [OperationState.CANCELED]: 'cancelled',
};

const runStateLabels: Record<Known<RunState>, string> = {
  [RunState.UNSPECIFIED]: '–',
  [RunState.WAITING]: 'waiting',
  [RunState.RUNNING]: 'running',
  [RunState.SUCCEEDED]: 'succeeded',
  [RunState.FAILED]: 'failed',
  [RunState.CANCELED]: 'cancelled',
};

/** The state in one word; "–" for a state of a later version. */
export function vmStateLabel({ state, panicked }: Pick<Vm, 'state' | 'panicked'>): string {
  if (panicked) return panickedWord;
  return (vmStateLabels as Partial<Record<number, string>>)[state] ?? '–';
}

/** The state in one word; "–" for a state of a later version. */
export function agentStateLabel(state: AgentState): string {
  return (agentStateLabels as Partial<Record<number, string>>)[state] ?? '–';
}

/** The state in one word; "–" for a state of a later version. */
export function operationStateLabel(state: OperationState): string {
  return (operationStateLabels as Partial<Record<number, string>>)[state] ?? '–';
}

/** The state in one word; "–" for a state of a later version. */
export function runStateLabel(state: RunState): string {
  return (runStateLabels as Partial<Record<number, string>>)[state] ?? '–';
}
