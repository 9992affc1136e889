import { OperationError } from '@innkeeper/contract/errors';
import { type Channel, linkSignals, orAborted } from '@innkeeper/kit';

/** One peer of a foreign dialect. */
export interface Session {
  /** Takes requests until the peer is gone or the session's signal is aborted. */
  run(): Promise<void>;
  /** Resolves when nothing of the session is being written any more. */
  close(): Promise<void>;
}

/**
 * Runs a session under a signal of its own, which is aborted when the session ends, however that comes about: what it
 * carries out is cancelled then. Resolves when the session is closed; after `outer` was aborted it does not wait for that,
 * since whoever aborted closes the channel, and with it what is pending.
 */
export async function runSession(outer: AbortSignal, open: (signal: AbortSignal) => Session): Promise<void> {
  const linked = linkSignals(outer);
  const session = open(linked.signal);
  try {
    await session.run();
  } finally {
    linked.abort(new OperationError('CANCELED', 'The session is over.'));
    linked.unlink();
    await untilAborted(session.close(), outer);
  }
}

/** `work`, but no longer than until the signal. */
async function untilAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  try {
    await orAborted(work, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** The next bytes of the peer; undefined when it has gone, and when the signal is aborted. */
export async function readUntilAborted(channel: Channel, signal: AbortSignal): Promise<Uint8Array | undefined> {
  try {
    return await channel.read({ signal });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}
