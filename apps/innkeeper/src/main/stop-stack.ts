import { errorMessage, type Log } from '@innkeeper/kit';

/** A part that did not end in its time, and what that costs. */
export interface UnfinishedPart {
  readonly name: string;
  readonly lost: string;
}

/** How long a part may take to stop, and what is lost when it takes longer. */
export interface StopTerms {
  readonly name: string;
  readonly timeoutMs: number;
  /** In words, for the log and for who stopped the daemon: "what the last 10 s measured". */
  readonly lost: string;
}

interface Part extends StopTerms {
  readonly stop: () => unknown;
}

/**
 * What has to be stopped, last first, as in an AsyncDisposableStack; but each part has a time. One that hangs is named,
 * left behind, and the next has its turn: the whole takes no longer than the sum of their times. A part that fails is
 * logged and is no reason to leave the others running.
 */
export class StopStack implements AsyncDisposable {
  readonly #parts: Part[] = [];
  readonly #log: Log;
  readonly #unfinished: UnfinishedPart[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** The longest that stopping takes, in milliseconds. */
  get timeoutMs(): number {
    return this.#parts.reduce((sum, { timeoutMs }) => sum + timeoutMs, 0);
  }

  /** Parts that did not end in time; known once it is disposed of. */
  get unfinished(): readonly UnfinishedPart[] {
    return this.#unfinished;
  }

  /** Adds something to be disposed of, and gives it back. */
  use<T extends AsyncDisposable | Disposable>(value: T, terms: StopTerms): T {
    const stop = (): unknown => (Symbol.asyncDispose in value ? value[Symbol.asyncDispose]() : value[Symbol.dispose]());
    this.#parts.push({ ...terms, stop });
    return value;
  }

  defer(stop: () => unknown, terms: StopTerms): void {
    this.#parts.push({ ...terms, stop });
  }

  /** Takes over all parts of this one, which has none then. */
  move(): StopStack {
    const moved = new StopStack(this.#log);
    moved.#parts.push(...this.#parts.splice(0));
    return moved;
  }

  /** Resolves within the sum of the parts' times. Never rejects. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (let part = this.#parts.pop(); part !== undefined; part = this.#parts.pop()) await this.#stop(part);
  }

  async #stop({ name, lost, timeoutMs, stop }: Part): Promise<void> {
    const late = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => late.resolve('late'), timeoutMs);
    try {
      // Called in a promise: one that throws at once is logged as well.
      const stopping = Promise.resolve().then(stop);
      // One that fails after its time has no listener any more.
      stopping.catch(() => undefined);
      if ((await Promise.race([stopping, late.promise])) !== 'late') return;
      this.#unfinished.push({ name, lost });
      this.#log.warn('stop.not-in-time', { part: name, timeoutMs, lost });
    } catch (error) {
      this.#log.error('stop.failed', { part: name, message: errorMessage(error) });
    } finally {
      clearTimeout(timer);
    }
  }
}
