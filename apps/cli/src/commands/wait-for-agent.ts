import type { InnkeeperClient } from '@innkeeper/client';
import { AgentState, type Vm, VmState } from '@innkeeper/contract/control';
import { OperationError } from '@innkeeper/contract/errors';
import { clean } from '../output/clean.ts';
import { ProgressLine } from '../output/progress-line.ts';

const defaultTimeoutMs = 180_000;

/**
 * Waits until the agent of a VM answers. A VM without one is no failure: it runs, and why it has none is said.
 * @throws OperationError AGENT_UNREACHABLE after the time, or when the VM ended instead
 */
export async function waitForAgent(
  client: InnkeeperClient,
  name: string,
  quiet: boolean,
  timeoutMs = defaultTimeoutMs,
): Promise<Vm> {
  const line = new ProgressLine(quiet);
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeoutMs);
  let answered: Vm | undefined;
  try {
    for await (const vm of client.vms.watchVm({ vm: name }, { signal: controller.signal })) {
      line.update(`${name}: waiting for its agent`);
      const state = vm.agent?.state;
      if (state === AgentState.CONNECTED || state === AgentState.ABSENT) {
        answered = vm;
        // The stream has no end of its own, and leaving the loop alone would wait for one.
        controller.abort();
        break;
      }
      if (vm.state === VmState.CRASHED || vm.state === VmState.STOPPED)
        throw new OperationError('AGENT_UNREACHABLE', `${name} ended while it booted. ${vm.stateDetail}`.trim());
    }
  } catch (error) {
    if (!controller.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    line.clear();
  }
  if (answered !== undefined) return answered;
  throw new OperationError('AGENT_UNREACHABLE', `The agent of ${name} did not answer within ${timeoutMs / 1000} s.`);
}

/** For a person: the agent answers, or why there is none. */
export function agentLine(vm: Vm): string {
  if (vm.agent?.state === AgentState.CONNECTED) return `${vm.name} runs, and its agent answers.\n`;
  return `${vm.name} runs without an agent: ${clean(vm.agent?.detail ?? '')}\n  ${clean(vm.agent?.nextStep ?? '')}\n`;
}
