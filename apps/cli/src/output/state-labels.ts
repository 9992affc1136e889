import {
  type AgentState,
  agentStateName,
  OperationState,
  RunState,
  type Vm,
  vmStateWord,
} from '@innkeeper/contract/control';

/** The states of an enum that this version knows, without those of later versions. */
type Known<T> = T extends number ? (number extends T ? never : T) : never;

// A new state without a label is a type error here.
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
export function vmStateLabel(vm: Pick<Vm, 'state' | 'panicked'> & Partial<Pick<Vm, 'suspended'>>): string {
  return vmStateWord(vm) ?? '–';
}

/** The state in one word; "–" for a VM that does not run, and for a state of a later version. */
export function agentStateLabel(state: AgentState): string {
  const name = agentStateName(state);
  return name === undefined || name === 'off' ? '–' : name;
}

/** The state in one word; "–" for a state of a later version. */
export function operationStateLabel(state: OperationState): string {
  return (operationStateLabels as Partial<Record<number, string>>)[state] ?? '–';
}

/** The state in one word; "–" for a state of a later version. */
export function runStateLabel(state: RunState): string {
  return (runStateLabels as Partial<Record<number, string>>)[state] ?? '–';
}
