import { OperationError } from '@innkeeper/contract/errors';
import { type Channel, linkSignals, orAborted } from '@innkeeper/kit';

/** A session with a peer of a foreign dialect. */
export interface Session {
  /** Handles requests until the peer is gone or the session's signal is aborted. */
  run(): Promise<void>;
  /** Resolves when no write of the session is in progress. */
  close(): Promise<void>;
}

/**
 * Runs a session under its own signal, which is aborted when the session ends for any reason, so that its calls are
 * cancelled. Resolves when the session is closed; after `outer` was aborted it does not wait for that, since the caller
 * then closes the channel, which ends pending writes.
 */
export async function runSession(outer: AbortSignal, open: (signal: AbortSignal) => Session): Promise<void> {
  const linked = linkSignals(outer);
  const session = open(linked.signal);
  try {
    await session.run();
  } finally {
    linked.abort(new OperationError('CANCELED', 'The session has ended.'));
    linked.unlink();
    await untilAborted(session.close(), outer);
  }
}

/** `work`, but at most until the signal. */
async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await orAborted(work, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** The next bytes of the peer; undefined if it left or the signal is aborted. */
export async function readUntilAborted(channel: Channel, signal: AbortSignal): Promise<Uint8Array | undefined> {
  try {
    return await channel.read({ signal });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
