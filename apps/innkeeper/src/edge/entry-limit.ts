import { Throttle } from '../access/throttle.ts';
import type { Caller } from '../ports/caller.ts';

/** What a guest may do with a token of its own. */
const guestPrivilege = 'guest.report';
/** Entries at once, and then one for each interval: 144 a day. */
const rate = { burst: 20, intervalMs: 600_000 };
const maxKeys = 10_000;

/**
 * Bounds what guests write to the audit, which is never pruned: for each VM and token that can do no more than report an
 * address, 20 entries at once, then one every 10 minutes, refusals included. Everybody else's acts are all written down.
 */
export class EntryLimit {
  readonly #throttle: Throttle;
  readonly #leftOut = new Map<string, number>();

  constructor(nowMs: () => number) {
    this.#throttle = new Throttle(rate, nowMs);
  }

  /** How many were left out before this one, which is written down; undefined: it is left out too. */
  take(caller: Caller, privilege: string, vmId: string | undefined): number | undefined {
    if (!isOfGuest(caller, privilege)) return 0;
    const key = `${caller.token?.id ?? caller.name} ${vmId ?? ''}`;
    const count = this.#leftOut.get(key) ?? 0;
    this.#leftOut.delete(key);
    if (this.#throttle.take(key) === 0) return count;
    this.#leftOut.set(key, count + 1);
    // As the throttle does, it forgets the one of longest ago.
    for (const oldest of this.#leftOut.size > maxKeys ? this.#leftOut.keys().take(1) : []) this.#leftOut.delete(oldest);
    return undefined;
  }
}

function isOfGuest(caller: Caller, privilege: string): boolean {
  if (privilege === guestPrivilege) return true;
  const held = caller.grants.flatMap(({ privileges }) => [...privileges]);
  return caller.via === 'token' && held.every((name) => name === guestPrivilege);
}
