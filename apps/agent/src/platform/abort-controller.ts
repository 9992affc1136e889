/**
 * AbortController and AbortSignal as far as packages/platform.d.ts declares them
 * (https://dom.spec.whatwg.org/#aborting-ongoing-activities).
 */
class Signal {
  aborted = false;
  reason: unknown = undefined;
  readonly #listeners = new Set<() => void>();

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (!this.aborted) this.#listeners.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** Used only by the controller. */
  fire(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason ?? new Error('aborted');
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }
}

class Controller {
  readonly signal = new Signal();

  abort(reason?: unknown): void {
    this.signal.fire(reason);
  }
}

/** Defines both as globals. */
export function installAbortController(): void {
  Object.assign(globalThis, { AbortController: Controller, AbortSignal: Signal });
}
