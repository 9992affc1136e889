/** A list of functions to call. Adding or removing one during a call takes effect at the next call. */
export class Listeners<T = void> {
  readonly #listeners = new Set<(value: T) => void>();

  /** The number of listeners. */
  get size(): number {
    return this.#listeners.size;
  }

  /** Adds a listener and returns the function that removes it. */
  readonly add = (listener: (value: T) => void): (() => void) => {
    // A separate object, so that the same function added twice counts as two listeners.
    const entry = (value: T): void => listener(value);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  };

  emit(value: T): void {
    for (const listener of [...this.#listeners]) listener(value);
  }
}
