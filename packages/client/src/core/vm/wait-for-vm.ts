import { AgentState, type Vm, VmState } from '@innkeeper/contract/control';
import { OperationError } from '@innkeeper/contract/errors';
import { withDeadline } from '@innkeeper/kit';
import { abortError } from '../abort-error.ts';
import { isLoss, Resume } from '../resume.ts';
import { timers } from '../time-and-chance.ts';
import type { VmBackend } from './vm-backend.ts';

/** States that can be waited for; "agent" is a running VM whose agent is connected. */
export type VmGoal = 'running' | 'agent' | 'stopped';

export interface WaitForVmOptions {
  readonly for: VmGoal;
  /** Milliseconds. Default: 180,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the VM on every change. */
  readonly onChange?: ((vm: Vm) => void) | undefined;
}

const defaultTimeoutMs = 180_000;

/**
 * Resolves with the VM once it is in the given state, at once if it is already; continues across a restart of the
 * daemon. Rejects with DEADLINE_EXCEEDED; with VM_NOT_RUNNING when the VM stops while waiting for it to run; with the
 * agent's reason when the VM has no agent; with VM_NOT_FOUND or CANCELED.
 */
export async function waitForVm({ vms }: VmBackend, vm: string, options: WaitForVmOptions): Promise<Vm> {
  const { for: goal, timeoutMs = defaultTimeoutMs, onChange } = options;
  const late = (): Error =>
    new OperationError('DEADLINE_EXCEEDED', `VM ${vm}: ${unreached[goal]} within ${timeoutMs / 1000} s.`);
  const resume = new Resume({ withinMs: Number.POSITIVE_INFINITY });
  let wasUp = false;
  let wasSeen = false;
  const follow = async (signal: AbortSignal): Promise<Vm> => {
    for (;;) {
      try {
        for await (const seen of vms.watchVm({ vm }, { signal })) {
          wasSeen = true;
          resume.back();
          onChange?.(seen);
          if (isReached(seen, goal, wasUp)) return seen;
          wasUp ||= isUp(seen);
        }
        throw new OperationError('VM_NOT_FOUND', `${vm} was deleted.`);
      } catch (error) {
        if (signal.aborted) throw abortError(signal);
        // A daemon that was never reachable is an error.
        if (!wasSeen || !isLoss(error)) throw error;
        await resume.pause(error, signal);
      }
    }
  };
  try {
    return await withDeadline({ timers, timeoutMs: Math.max(1, timeoutMs), signal: options.signal, late }, follow);
  } catch (error) {
    // Converts the caller's abort to an OperationError.
    throw options.signal?.aborted === true ? abortError(options.signal) : error;
  }
}

const unreached = { running: 'not running', agent: 'agent not connected', stopped: 'not stopped' } as const;

function isUp({ state }: Vm): boolean {
  return state === VmState.STARTING || state === VmState.RUNNING || state === VmState.PAUSED;
}

function isDown({ state }: Vm): boolean {
  return state === VmState.STOPPED || state === VmState.CRASHED;
}

/** @throws OperationError when the state can no longer be reached */
function isReached(vm: Vm, goal: VmGoal, wasUp: boolean): boolean {
  if (goal === 'stopped') return isDown(vm);
  if (wasUp && isDown(vm))
    throw new OperationError('VM_NOT_RUNNING', `VM ${vm.name} is no longer running. ${vm.stateDetail}`.trim());
  if (goal === 'running') return vm.state === VmState.RUNNING;
  if (vm.agent?.state === AgentState.ABSENT) throw absentAgent(vm.agent);
  return vm.agent?.state === AgentState.CONNECTED;
}

function absentAgent({ reason, detail, nextStep }: NonNullable<Vm['agent']>): OperationError {
  return OperationError.fromWire({ reason, message: detail, nextStep }, { reason: 'AGENT_UNREACHABLE' });
}
