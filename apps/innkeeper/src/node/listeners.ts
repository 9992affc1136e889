/** A list of functions to call. */
export class Listeners<T> {
  readonly #listeners = new Set<(value: T) => void>();

  /** The function returned takes the listener off again. */
  add(listener: (value: T) => void): () => void {
    const entry = (value: T): void => listener(value);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  emit(value: T): void {
    for (const listener of [...this.#listeners]) listener(value);
  }
}
