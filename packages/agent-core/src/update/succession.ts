import { CallGate } from '../serving/call-gate.ts';
import { KeptWatches } from '../watch/kept-watches.ts';

/** What the agent's parts share to be replaced by another version of it. */
export interface Succession {
  /** Stays the same over a handover, so that nodes find their commands again. */
  readonly instance: string;
  readonly startWallNs: bigint;
  readonly gate: CallGate;
  /** Aborted to end the sessions for the next program. */
  readonly leaving: AbortController;
  /** Each says what cannot be handed over now, if anything. */
  readonly holds: Set<() => string | undefined>;
  /** What each is doing that the next program could not continue, nor its caller repeat: it has some time to end. */
  readonly unrepeatable: Set<{ readonly what: string }>;
  readonly watches: KeptWatches;
  /** While this is a new program that was not confirmed. `begin` continues with what it has taken over. */
  trial: { readonly sha256: string; readonly begin: () => void } | undefined;
  /** SHA-256 of this program, once confirmed, and of one that failed in this process. */
  confirmed: string | undefined;
  failed: string | undefined;
}

export function createSuccession(instance: string, startWallNs: bigint): Succession {
  return {
    instance,
    startWallNs,
    gate: new CallGate(),
    leaving: new AbortController(),
    holds: new Set(),
    unrepeatable: new Set(),
    watches: new KeptWatches(),
    trial: undefined,
    confirmed: undefined,
    failed: undefined,
  };
}
