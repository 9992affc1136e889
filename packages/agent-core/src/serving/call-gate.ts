import type { OperationError } from '@innkeeper/contract/errors';
import type { LiteMethod } from '@innkeeper/contract/lite';
import { createDeferred, type Deferred, orAborted } from '@innkeeper/kit';

export type GatedMethod = Pick<LiteMethod, 'name' | 'isRepeatable' | 'onDisconnect' | 'onlyReads'>;

/** These go on while the agent is replaced, which waits for open handles to be closed. */
const passing = /\.v1\.(?:(?:Telemetry|Update)Service\/|FileHandleService\/Close$)/;

/** Where calls wait while the agent is replaced by another version of it. */
export class CallGate {
  /** The number of calls that run, by their methods. */
  readonly running = new Map<GatedMethod, number>();
  #closed: Deferred<void> | undefined;

  close(): void {
    this.#closed = createDeferred();
    this.#closed.promise.catch(() => undefined);
  }

  /** Calls that wait, and later ones, go on; or end with this error if there is one. */
  open(error?: OperationError): void {
    if (error !== undefined) this.#closed?.reject(error);
    else this.#closed?.resolve();
    if (error === undefined) this.#closed = undefined;
  }

  /** Undefined if the call need not wait. Rejects with the error, or the signal's reason. */
  wait(method: string, signal: AbortSignal): Promise<void> | undefined {
    return this.#closed === undefined || passing.test(method) ? undefined : orAborted(this.#closed.promise, signal);
  }

  async count(method: GatedMethod, run: () => Promise<void>): Promise<void> {
    const add = (change: number): void => {
      const now = (this.running.get(method) ?? 0) + change;
      if (now === 0) this.running.delete(method);
      else this.running.set(method, now);
    };
    add(1);
    try {
      await run();
    } finally {
      add(-1);
    }
  }
}
