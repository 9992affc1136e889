import { AgentState, VmState } from './gen/control/v1/vm_pb.ts';
import type { AgentState as AgentStateName, VmState as VmStateName } from './vm-states.ts';

const vmStateNames: Readonly<Record<VmState, VmStateName | undefined>> = {
  [VmState.UNSPECIFIED]: undefined,
  [VmState.CREATING]: 'creating',
  [VmState.STOPPED]: 'stopped',
  [VmState.STARTING]: 'starting',
  [VmState.RUNNING]: 'running',
  [VmState.PAUSED]: 'paused',
  [VmState.STOPPING]: 'stopping',
  [VmState.CRASHED]: 'crashed',
  [VmState.DELETING]: 'deleting',
};

const agentStateNames: Readonly<Record<AgentState, AgentStateName | undefined>> = {
  [AgentState.UNSPECIFIED]: undefined,
  [AgentState.OFF]: 'off',
  [AgentState.WAITING]: 'waiting',
  [AgentState.CONNECTED]: 'connected',
  [AgentState.LOST]: 'lost',
  [AgentState.PAUSED]: 'paused',
  [AgentState.ABSENT]: 'absent',
};

/** Shown instead of the state of a VM whose guest's kernel panicked. */
export const panickedWord = 'panicked';

/** Shown instead of the state of a VM whose guest is suspended to memory. */
export const suspendedWord = 'suspended';

/** What is shown as the state of a VM: "panicked" if its guest did, "suspended" if it is, otherwise `vmStateName`. */
export function vmStateWord({
  state,
  panicked,
  suspended,
}: {
  readonly state: VmState;
  readonly panicked: boolean;
  readonly suspended?: boolean | undefined;
}): VmStateName | typeof panickedWord | typeof suspendedWord | undefined {
  if (panicked) return panickedWord;
  return suspended === true ? suspendedWord : vmStateName(state);
}

/** The word for a VM state of the API; undefined for a state that this version does not know. */
export function vmStateName(state: VmState): VmStateName | undefined {
  return vmStateNames[state];
}

/** The word for an agent state of the API; undefined for a state that this version does not know. */
export function agentStateName(state: AgentState): AgentStateName | undefined {
  return agentStateNames[state];
}
