import { AgentState, OperationState, VmState } from '@innkeeper/contract/control';

/** States in one word each; a new state is a type error here. */
export const vmStateWord: Record<VmState, string> = {
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

export const agentStateWord: Record<AgentState, string> = {
  [AgentState.UNSPECIFIED]: '–',
  [AgentState.OFF]: '–',
  [AgentState.WAITING]: 'waiting',
  [AgentState.CONNECTED]: 'connected',
  [AgentState.LOST]: 'lost',
  [AgentState.PAUSED]: 'paused',
  [AgentState.ABSENT]: 'absent',
};

export const operationStateWord: Record<OperationState, string> = {
  [OperationState.UNSPECIFIED]: '–',
  [OperationState.RUNNING]: 'running',
  [OperationState.SUCCEEDED]: 'succeeded',
  [OperationState.FAILED]: 'failed',
  [OperationState.CANCELED]: 'cancelled',
};
