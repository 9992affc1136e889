import { OperationError } from './errors/operation-error.ts';

/** What a VM can be in. `paused` is a running VM whose CPUs stand still; `crashed` one that ended without being asked. */
export type VmState = 'creating' | 'stopped' | 'starting' | 'running' | 'paused' | 'stopping' | 'crashed' | 'deleting';

/**
 * How the agent of a VM stands. `off`: the VM does not run. `waiting`: nothing heard since it started. `lost`: it
 * answered before and does not now. `absent`: there is none in the image.
 */
export type AgentState = 'off' | 'waiting' | 'connected' | 'lost' | 'paused' | 'absent';

/** What can be asked of a VM. `guest` is everything that the agent does: run a command, move a file. */
export type VmAction = 'start' | 'stop' | 'kill' | 'pause' | 'resume' | 'delete' | 'guest' | 'console';

/** What makes sense in each state; an interface offers these and no others. */
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

/** What is reached already in each state: asking for it again succeeds and changes nothing. */
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

/** Every state, in the order of a VM's life. */
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
 * What asking for an action means in a state: `legal` does something, `reached` finds it done already, `illegal` is
 * refused.
 */
export function judgeVmAction(state: VmState, action: VmAction): 'legal' | 'reached' | 'illegal' {
  if ((legalVmActions[state] as readonly VmAction[]).includes(action)) return 'legal';
  if ((reachedVmActions[state] as readonly VmAction[]).includes(action)) return 'reached';
  return 'illegal';
}

/**
 * Throws when a VM's state does not allow an action: VM_NOT_RUNNING for what needs a hypervisor process, else
 * VM_WRONG_STATE with the states that would do. An action whose aim is reached already passes.
 */
export function assertVmAction(vmName: string, state: VmState, action: VmAction): void {
  if (judgeVmAction(state, action) !== 'illegal') return;
  if ((action === 'guest' || action === 'console') && !isLiveVmState(state)) {
    throw new OperationError('VM_NOT_RUNNING', `The VM "${vmName}" is ${state}.`);
  }
  const wanted = vmStates.filter((other) => judgeVmAction(other, action) === 'legal').join(' or ');
  throw new OperationError('VM_WRONG_STATE', `The VM "${vmName}" is ${state}; for "${action}" it has to be ${wanted}.`);
}
