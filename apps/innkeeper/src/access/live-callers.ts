import { type CodeName, isOperationError } from '@innkeeper/contract';
import type { Caller } from '../ports/caller.ts';

/** Reasons that end a caller's open streams. */
const endings: readonly CodeName[] = ['unauthenticated', 'permission_denied'];

/** A call that lasts, and how to find out whether it still may. */
interface LiveCall {
  /** Authenticates the caller again. Rejects when the session or token is no longer valid. */
  readonly authenticate: () => Promise<Caller>;
  /** Receives the current caller. Throws when the privilege is missing now. */
  readonly take: (caller: Caller) => void;
  readonly ended: AbortController;
}

/**
 * Streams and sockets that are open. When a session ends, a token is revoked or a role is removed, theirs are aborted:
 * at once when it happened in this process, within the recheck interval otherwise.
 */
export class LiveCallers {
  readonly #calls = new Set<LiveCall>();

  /** Until it is disposed of, `signal` is aborted with the error that a new call would get. */
  open(authenticate: () => Promise<Caller>, take: (caller: Caller) => void): Disposable & { signal: AbortSignal } {
    const call: LiveCall = { authenticate, take, ended: new AbortController() };
    this.#calls.add(call);
    return { signal: call.ended.signal, [Symbol.dispose]: () => void this.#calls.delete(call) };
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Rechecks every one. Never rejects. */
  async recheck(): Promise<void> {
    for (const call of [...this.#calls]) {
      try {
        call.take(await call.authenticate());
      } catch (error) {
        // A database that does not answer now says nothing about who they are; new calls find none either.
        if (!isOperationError(error)) continue;
        if (!endings.includes(error.code) && error.reason !== 'ACCESS_CHANGED') continue;
        this.#calls.delete(call);
        call.ended.abort(error);
      }
    }
  }
}
