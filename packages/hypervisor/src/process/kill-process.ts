import { setTimeout as delay } from 'node:timers/promises';
import { OperationError } from '@innkeeper/contract';
import { watchProcess } from './process-end.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';

/**
 * SIGKILL to a process that may have another parent than us, and waits for its end; one that is gone is left alone.
 * Throws HYPERVISOR_FAILED when it has not ended within `timeoutMs`; `what` names it then.
 */
export async function killProcess(identity: ProcessIdentity, what: string, timeoutMs: number): Promise<void> {
  if (!isAlive(identity)) return;
  using watch = watchProcess(identity);
  process.kill(identity.pid, 'SIGKILL');
  watch.expect();
  const gone = watch.ended.then(() => true);
  if (await Promise.race([gone, delay(timeoutMs, false, { ref: false })])) return;
  throw new OperationError('HYPERVISOR_FAILED', `${what}, process ${identity.pid}, does not end.`, {
    nextStep: 'Look at what it waits for: its disk may be on a store that does not answer.',
  });
}
