import type { Channel } from '@innkeeper/kit';

/** A channel that can also read and write without a promise per chunk. */
export interface DirectChannel extends Channel {
  /**
   * Writes what the transport accepts at once and returns the byte count: less than all, or 0, if it would block or
   * other writes are queued; the rest is for `write`. Throws if the transport is closed.
   */
  writeNow?(bytes: Uint8Array): number;
  /**
   * Passes incoming bytes to `take`, in views that are valid during the call, until `take` returns false: then it
   * resolves with true, and the next read continues from there. Resolves with false once the peer is known to have
   * left. Rejects with the signal's reason on abort, and with read errors; `take` must not throw.
   */
  readEach?(take: (bytes: Uint8Array) => boolean, options: { readonly signal: AbortSignal }): Promise<boolean>;
}
