import type { Channel } from '@innkeeper/kit';

/** A channel that can also read and write without a promise for every piece. */
export interface DirectChannel extends Channel {
  /**
   * Writes what the transport takes at once, and says how much: less than all of it, or 0, when it would wait or other
   * writes have their turn; the rest is for `write`. Throws when the transport is gone.
   */
  writeNow?(bytes: Uint8Array): number;
  /**
   * Gives what arrives to `take`, in views that are valid during the call, until that says false: then it resolves true,
   * and the next reading goes on from there. Resolves false once the peer is known to have gone. Rejects with the
   * signal's reason on abort, and with what reading throws; `take` must not throw.
   */
  readEach?(take: (bytes: Uint8Array) => boolean, options: { readonly signal: AbortSignal }): Promise<boolean>;
}
