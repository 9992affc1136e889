import { setTimeout as delay } from 'node:timers/promises';
import { OperationError } from '@innkeeper/contract';
import { watchProcess } from './process-end.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';

/**
 * Sends SIGKILL to a process, also one with another parent, and waits for its end; does nothing if it has ended. Throws
 * HYPERVISOR_FAILED with the name `what` if it has not ended within `timeoutMs`.
 */
export async function killProcess(identity: ProcessIdentity, what: string, timeoutMs: number): Promise<void> {
  if (!isAlive(identity)) return;
  using watch = watchProcess(identity);
  process.kill(identity.pid, 'SIGKILL');
  watch.expect();
  const gone = watch.ended.then(() => true);
  if (await Promise.race([gone, delay(timeoutMs, false, { ref: false })])) return;
  throw new OperationError('HYPERVISOR_FAILED', `${what}, process ${identity.pid}, did not end after SIGKILL.`, {
    nextStep: 'Check what it is waiting for: its disk may be on storage that does not respond.',
  });
}
