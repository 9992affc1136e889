import { randomUUID } from 'node:crypto';
import { hostClock } from '@innkeeper/agent-client';
import {
  assertVmAction,
  isLiveVmState,
  judgeVmAction,
  killedNote,
  OperationError,
  type VmAction,
} from '@innkeeper/contract';
import { defaultStopTimeoutMs, killRetryMs } from '@innkeeper/hypervisor';
import { withDeadline } from '@innkeeper/kit';
import type { OperationRow } from '@innkeeper/store';
import { refuseAdopted } from '../adopted/refuse-adopted.ts';
import type { Node } from '../node.ts';
import type { OperationContext } from '../operations/running-operation.ts';
import { startAndWait } from './start-vm.ts';
import type { VmRunner } from './vm-runner.ts';

const maxStopTimeoutMs = 3_600_000;

/** Fails with VM_NOT_FOUND, VM_WRONG_STATE, VM_BUSY; does nothing if the VM is already running. */
export function startVm(node: Node, vm: string): Promise<OperationRow> {
  return begin(node, node.get(vm), 'start', async (runner, context) => {
    if (judgeVmAction(runner.life.state, 'start') === 'legal') await startAndWait(runner, context);
  });
}

/** Stops by the agent, then ACPI, then kill; `timeoutMs` for each of the first two. Cancelling ends the wait, not the stop. */
export function stopVm(node: Node, vm: string, timeoutMs: number): Promise<OperationRow> {
  if (timeoutMs > maxStopTimeoutMs) {
    throw new OperationError(
      'INVALID_ARGUMENT',
      `The timeout of a stop must be at most ${maxStopTimeoutMs} ms for each step.`,
    );
  }
  return begin(node, node.get(vm), 'stop', async (runner, { signal, stage }) => {
    const wasLive = isLiveVmState(runner.life.state);
    await runner.noteStopped();
    const agentConnected = runner.agent.state.state === 'connected';
    await runner.dispatch({ type: 'stop', timeoutMs: timeoutMs || defaultStopTimeoutMs, agentConnected });
    const words = { agent: 'asking the agent', acpi: 'pressing the power button', kill: 'killing the hypervisor' };
    await runner.until(() => {
      if (runner.life.state === 'stopping') stage(words[runner.life.step]);
      return !isLiveVmState(runner.life.state);
    }, signal);
    const { state, detail } = runner.life;
    if (wasLive && state === 'stopped' && detail !== '') stage(`${killedNote}${detail}`);
  });
}

/** Allowed during a start or a stop, in case those take too long. */
export function killVm(node: Node, vm: string): Promise<OperationRow> {
  const runner = node.get(vm);
  return begin(
    node,
    runner,
    'kill',
    async (runner, context) => {
      await runner.noteStopped();
      await killAndWait(runner, context);
    },
    isLiveVmState(runner.life.state),
  );
}

/** Removes a VM with its disk. `force` kills it first. */
export function deleteVm(node: Node, vm: string, force: boolean): Promise<OperationRow> {
  const runner = node.get(vm);
  refuseAdopted(runner, 'delete');
  const live = isLiveVmState(runner.life.state);
  return begin(
    node,
    runner,
    force && live ? 'kill' : 'delete',
    async (runner, context) => {
      if (isLiveVmState(runner.life.state)) await killAndWait(runner, context);
      context.stage('removing the disk');
      await runner.dispatch({ type: 'delete' });
      await runner.until(() => runner.removed || runner.life.state !== 'deleting', context.signal);
      if (runner.removed) return;
      throw new OperationError('VM_WRONG_STATE', `"${runner.row.name}" was not removed: ${runner.life.detail}`);
    },
    false,
    'vm.delete',
  );
}

async function killAndWait(runner: VmRunner, { signal, stage }: OperationContext): Promise<void> {
  stage('killing the hypervisor');
  await runner.dispatch({ type: 'kill' });
  const timeoutMs = 6 * killRetryMs;
  const late = (): OperationError =>
    new OperationError('HYPERVISOR_UNREACHABLE', `The hypervisor’s process did not end within ${timeoutMs / 1000} s.`);
  await withDeadline({ timers: hostClock, timeoutMs, signal, late }, (either) =>
    runner.until(() => !isLiveVmState(runner.life.state), either),
  );
}

/** Reserves the VM for one operation. Fails with VM_WRONG_STATE or VM_BUSY. */
async function begin(
  node: Node,
  runner: VmRunner,
  action: VmAction,
  work: (runner: VmRunner, context: OperationContext) => Promise<void>,
  shared = false,
  kind = `vm.${action}`,
): Promise<OperationRow> {
  const { name, id: vmId } = runner.row;
  refuseAdopted(runner, action);
  if (runner.operationId !== '' && !shared) {
    throw new OperationError('VM_BUSY', `The operation ${runner.operationId} is running on the VM "${name}".`);
  }
  assertVmAction(name, runner.life.state, action);
  const id = randomUUID();
  if (!shared) runner.operationId = id;
  const release = (): void => {
    if (runner.operationId === id) runner.operationId = '';
  };
  const spec = {
    kind,
    evenUnsaved: action !== 'start',
    target: name,
    vmId,
    work: (context: OperationContext) => work(runner, context).finally(release),
  };
  try {
    return await node.operations.start(spec, id);
  } catch (error) {
    release();
    throw error;
  }
}
