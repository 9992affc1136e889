import { OperationError } from './errors/operation-error.ts';

/** States of a VM. `paused`: its CPUs are stopped. `crashed`: its hypervisor ended without being asked to. */
export type VmState = 'creating' | 'stopped' | 'starting' | 'running' | 'paused' | 'stopping' | 'crashed' | 'deleting';

/**
 * States of a VM's agent. `off`: the VM is not running. `waiting`: it has not connected since the VM started. `lost`: it
 * was connected and no longer answers. `absent`: the image has no agent.
 */
export type AgentState = 'off' | 'waiting' | 'connected' | 'lost' | 'paused' | 'absent';

/** Actions on a VM. `guest` is everything that the agent does: run a command, move a file. */
export type VmAction = 'start' | 'stop' | 'kill' | 'pause' | 'resume' | 'delete' | 'guest' | 'console';

/** The actions that are legal in each state; an interface offers only these. */
export const legalVmActions = {
  creating: [],
  stopped: ['start', 'delete'],
  starting: ['stop', 'kill', 'console'],
  running: ['stop', 'kill', 'pause', 'guest', 'console'],
  paused: ['stop', 'kill', 'resume', 'console'],
  stopping: ['kill', 'guest', 'console'],
  crashed: ['start', 'delete'],
  deleting: [],
} as const satisfies Record<VmState, readonly VmAction[]>;

/** The actions whose aim is already reached in each state: they succeed and change nothing. */
const reachedVmActions = {
  creating: [],
  stopped: ['stop', 'kill'],
  starting: ['start'],
  running: ['start', 'resume'],
  paused: ['pause'],
  stopping: ['stop'],
  crashed: ['stop', 'kill'],
  deleting: ['delete'],
} as const satisfies Record<VmState, readonly VmAction[]>;

/** Every state, in the order of a VM's life cycle. */
export const vmStates = Object.keys(legalVmActions) as readonly VmState[];

/** The states in which a hypervisor process exists, or is about to. */
export const liveVmStates = ['starting', 'running', 'paused', 'stopping'] as const satisfies readonly VmState[];

/** Whether text from a database or another program is a state. */
export function isVmState(text: string): text is VmState {
  return Object.hasOwn(legalVmActions, text);
}

/** Whether a hypervisor process exists, or is about to, in this state. */
export function isLiveVmState(state: VmState): boolean {
  return (liveVmStates as readonly VmState[]).includes(state);
}

/**
 * The effect of an action in a state: `legal` does something, `reached` is already done, `illegal` is refused.
 */
export function judgeVmAction(state: VmState, action: VmAction): 'legal' | 'reached' | 'illegal' {
  if ((legalVmActions[state] as readonly VmAction[]).includes(action)) return 'legal';
  if ((reachedVmActions[state] as readonly VmAction[]).includes(action)) return 'reached';
  return 'illegal';
}

/**
 * Throws when a VM's state does not allow an action: VM_NOT_RUNNING for actions that need a hypervisor process, otherwise
 * VM_WRONG_STATE with the states that allow it. An action whose aim is already reached passes.
 */
export function assertVmAction(vmName: string, state: VmState, action: VmAction): void {
  if (judgeVmAction(state, action) !== 'illegal') return;
  if ((action === 'guest' || action === 'console') && !isLiveVmState(state)) {
    throw new OperationError('VM_NOT_RUNNING', `The VM "${vmName}" is ${state}.`);
  }
  const wanted = vmStates.filter((other) => judgeVmAction(other, action) === 'legal').join(' or ');
  throw new OperationError(
    'VM_WRONG_STATE',
    `The VM "${vmName}" is ${state}; "${action}" requires it to be ${wanted}.`,
  );
}

/** What the line of a stop's log begins with if the VM had to be killed. */
export const killedNote = 'note: killed: ';
