import { randomUUID } from 'node:crypto';
import { errorMessage, type Log } from '@innkeeper/kit';
import type { Store } from '@innkeeper/store';

/** The owner of audit intents: acts that began and whose result is not recorded yet. */
export interface AuditWriterId {
  readonly id: string;
  /** Others may close its intents when it has not renewed them for so long. Undefined: never, it comes back itself. */
  readonly lifetimeMs: number | undefined;
}

/** The one daemon with VMs of a database: when it starts, whatever it had begun is over. */
export const nodeWriter: AuditWriterId = { id: 'node', lifetimeMs: undefined };

/** Of calls that share an entry: their counts, saved while calls may still be added. See `CoalescedCalls`. */
export const coalescedWriter: AuditWriterId = { id: 'node-coalesced', lifetimeMs: undefined };

const controlLifetimeMs = 120_000;
const renewMs = 30_000;

/** A control plane that is starting. It keeps nothing, so it never knows what an earlier one had begun. */
export function controlWriter(): AuditWriterId {
  return { id: `control-${randomUUID()}`, lifetimeMs: controlLifetimeMs };
}

/**
 * Records as INTERRUPTED the acts of a process that ended before it recorded their results. A failure to do so is
 * logged: the next start tries again.
 */
export async function closeInterrupted(
  store: Store,
  which: { writer: string } | { expiredBeforeMs: number },
  log: Log,
): Promise<void> {
  try {
    const count = await store.audit.closeIntents(which, 'INTERRUPTED');
    if (count > 0) log.warn('audit.interrupted', { count });
  } catch (error) {
    log.error('audit.interrupted-not-written', { message: errorMessage(error) });
  }
}

/** Turns the counts that an earlier daemon saved into entries. A failure to do so is logged: the next start tries again. */
export async function closeCoalesced(store: Store, log: Log): Promise<void> {
  try {
    await store.audit.closeIntents({ writer: coalescedWriter.id });
  } catch (error) {
    log.error('audit.coalesced-not-written', { message: errorMessage(error) });
  }
}

/** While a control plane lives: renews its own intents, and closes those of others that have run out. */
export function watchIntents(store: Store, writer: AuditWriterId, log: Log): Disposable {
  const tick = async (): Promise<void> => {
    const nowMs = Date.now();
    try {
      await store.audit.renew(writer.id, nowMs + controlLifetimeMs);
    } catch (error) {
      log.warn('audit.intents-not-renewed', { message: errorMessage(error) });
      return;
    }
    await closeInterrupted(store, { expiredBeforeMs: nowMs }, log);
  };
  void tick();
  const timer = setInterval(() => void tick(), renewMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
