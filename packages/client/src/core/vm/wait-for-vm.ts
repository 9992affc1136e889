import { AgentState, type Vm, VmState } from '@innkeeper/contract/control';
import { OperationError } from '@innkeeper/contract/errors';
import { withDeadline } from '@innkeeper/kit';
import { abortError } from '../abort-error.ts';
import { isLoss, Resume } from '../resume.ts';
import { timers } from '../time-and-chance.ts';
import type { VmBackend } from './vm-backend.ts';

/** What a VM can be waited for: that it runs, that its agent answers, that it does not run. */
export type VmGoal = 'running' | 'agent' | 'stopped';

export interface WaitForVmOptions {
  readonly for: VmGoal;
  /** Default: 180,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with the VM at every change. */
  readonly onChange?: ((vm: Vm) => void) | undefined;
}

const defaultTimeoutMs = 180_000;

/**
 * Resolves with the VM once it is so, at once when it is so already; a restart of the daemon meanwhile is waited over.
 * Rejects with DEADLINE_EXCEEDED; with VM_NOT_RUNNING when the VM ends while it is waited for to run; with the agent's
 * own reason when there is no agent in the VM; with VM_NOT_FOUND, CANCELED.
 */
export async function waitForVm({ vms }: VmBackend, vm: string, options: WaitForVmOptions): Promise<Vm> {
  const { for: goal, timeoutMs = defaultTimeoutMs, onChange } = options;
  const late = (): Error =>
    new OperationError('DEADLINE_EXCEEDED', `${vm}: not ${words[goal]} within ${timeoutMs / 1000} s.`);
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
        // A daemon that was never there is not waited for.
        if (!wasSeen || !isLoss(error)) throw error;
        await resume.pause(error, signal);
      }
    }
  };
  try {
    return await withDeadline({ timers, timeoutMs: Math.max(1, timeoutMs), signal: options.signal, late }, follow);
  } catch (error) {
    // The abort of the caller, in the words of the API.
    throw options.signal?.aborted === true ? abortError(options.signal) : error;
  }
}

const words = { running: 'running', agent: 'answered by its agent', stopped: 'stopped' } as const;

function isUp({ state }: Vm): boolean {
  return state === VmState.STARTING || state === VmState.RUNNING || state === VmState.PAUSED;
}

function isDown({ state }: Vm): boolean {
  return state === VmState.STOPPED || state === VmState.CRASHED;
}

/** @throws OperationError when it can not come to it any more */
function isReached(vm: Vm, goal: VmGoal, wasUp: boolean): boolean {
  if (goal === 'stopped') return isDown(vm);
  if (wasUp && isDown(vm)) throw new OperationError('VM_NOT_RUNNING', `${vm.name} ended. ${vm.stateDetail}`.trim());
  if (goal === 'running') return vm.state === VmState.RUNNING;
  if (vm.agent?.state === AgentState.ABSENT) throw absentAgent(vm.agent);
  return vm.agent?.state === AgentState.CONNECTED;
}

function absentAgent({ reason, detail, nextStep }: NonNullable<Vm['agent']>): OperationError {
  return OperationError.fromWire({ reason, message: detail, nextStep }, { reason: 'AGENT_UNREACHABLE' });
}
