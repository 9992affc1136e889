import { isOperationError, OperationError } from '@innkeeper/contract';
import type { OperationContext } from '../operations/running-operation.ts';
import type { VmRunner } from './vm-runner.ts';

/** Starts a VM and waits until its hypervisor runs it. Cancelling kills it again. */
export async function startAndWait(runner: VmRunner, { signal, stage }: OperationContext): Promise<void> {
  stage('starting');
  if (runner.row.stopped_boot_id !== '') await runner.setRow({ stopped_boot_id: '' });
  await runner.dispatch({ type: 'start' });
  try {
    await runner.until(() => runner.life.state !== 'starting', signal);
  } catch (error) {
    if (isOperationError(error) && error.reason === 'CANCELED') await runner.noteStopped();
    await runner.dispatch({ type: 'kill' });
    throw error;
  }
  const { state, detail } = runner.life;
  if (state === 'running' || state === 'paused') return;
  if (runner.launchError !== undefined) throw runner.launchError;
  throw new OperationError('VM_WRONG_STATE', `The VM "${runner.row.name}" became ${state} during its start. ${detail}`);
}
