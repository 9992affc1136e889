/** A list of functions to call. Those added or removed during a call count from the next one. */
export class Listeners<T = void> {
  readonly #listeners = new Set<(value: T) => void>();

  /** How many there are. */
  get size(): number {
    return this.#listeners.size;
  }

  /** The function returned removes the listener. */
  readonly add = (listener: (value: T) => void): (() => void) => {
    // An entry of its own, so that the same function added twice is two.
    const entry = (value: T): void => listener(value);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  };

  emit(value: T): void {
    for (const listener of [...this.#listeners]) listener(value);
  }
}
