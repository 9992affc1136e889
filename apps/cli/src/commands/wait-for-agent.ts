import type { InnkeeperClient } from '@innkeeper/client';
import { AgentState, type Vm, VmState } from '@innkeeper/contract/control';
import { OperationError } from '@innkeeper/contract/errors';
import { clean } from '../output/clean.ts';
import { ProgressLine } from '../output/progress-line.ts';

const defaultTimeoutMs = 180_000;

/**
 * Waits until the agent of a VM answers, or is known to be absent, which is not an error: the VM runs without it.
 * @param timeoutMs default: 3 minutes
 * @throws OperationError AGENT_UNREACHABLE after the timeout, or if the VM ends
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
  let found: Vm | undefined;
  try {
    for await (const vm of client.vms.watchVm({ vm: name }, { signal: controller.signal })) {
      line.update(`${name}: waiting for its agent`);
      const state = vm.agent?.state;
      if (state === AgentState.CONNECTED || state === AgentState.ABSENT) {
        found = vm;
        // The stream does not end by itself, and leaving the loop would wait for its end.
        controller.abort();
        break;
      }
      if (vm.state === VmState.CRASHED || vm.state === VmState.STOPPED)
        throw new OperationError('AGENT_UNREACHABLE', `${name} ended while booting. ${vm.stateDetail}`.trim());
    }
  } catch (error) {
    if (!controller.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
    line.clear();
  }
  if (found !== undefined) return found;
  throw new OperationError('AGENT_UNREACHABLE', `The agent of ${name} did not answer within ${timeoutMs / 1000} s.`);
}

/** A line that says that the agent answers, or why it is absent. */
export function agentLine(vm: Vm): string {
  if (vm.agent?.state === AgentState.CONNECTED) return `${vm.name} runs, and its agent answers.\n`;
  return `${vm.name} runs without an agent: ${clean(vm.agent?.detail ?? '')}\n  ${clean(vm.agent?.nextStep ?? '')}\n`;
}
