import { hostClock } from '@innkeeper/agent-client';
import type { Abortable } from '@innkeeper/hypervisor';
import { withDeadline } from '@innkeeper/kit';

const timeoutMs = 3_000;

/** Asks a hypervisor something that it normally answers at once; rejects after 3 s, or with the signal's reason. */
export function askInTime<T>(ask: (options: Abortable) => Promise<T>, signal?: AbortSignal): Promise<T> {
  const late = (): Error => new Error(`no answer within ${timeoutMs / 1000} s`);
  return withDeadline({ timers: hostClock, timeoutMs, signal, late }, (either) => ask({ signal: either }));
}
