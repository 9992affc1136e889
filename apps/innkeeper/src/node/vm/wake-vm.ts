import { hostClock } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import { isSuspended } from '@innkeeper/hypervisor';
import { withDeadline } from '@innkeeper/kit';
import type { Waiting } from '../../ports/node-api.ts';
import { refuseAdopted } from '../adopted/refuse-adopted.ts';
import type { VmRunner } from './vm-runner.ts';

/** A hypervisor wakes a guest at once. */
const wakeMs = 10_000;

/** Wakes a guest that is suspended to memory. Fails with VM_WRONG_STATE if it is not, unless the VM runs. */
export async function wakeVm(runner: VmRunner, { signal }: Waiting): Promise<void> {
  const { name } = runner.row;
  refuseAdopted(runner, 'resume');
  if (runner.life.state === 'running') return;
  if (!isSuspended(runner.life))
    throw new OperationError('VM_WRONG_STATE', `The VM "${name}" is ${runner.life.state}, and not suspended.`);
  await runner.dispatch({ type: 'resume' });
  const late = (): Error =>
    new OperationError('DEADLINE_EXCEEDED', `The VM "${name}" did not wake within ${wakeMs / 1000} s.`);
  await withDeadline({ timers: hostClock, timeoutMs: wakeMs, signal, late }, (either) =>
    runner.until(() => !isSuspended(runner.life), either),
  );
}
