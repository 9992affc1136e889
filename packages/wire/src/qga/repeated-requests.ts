import type { JsonValue } from './json-value.ts';

const maxRequests = 16;
const maxBytes = 256;

/**
 * The last short requests by their bytes. Clients ask the same thing again and again, such as whether a command has
 * ended; reading it byte by byte is most of what an answer costs an interpreter.
 */
export class RepeatedRequests {
  readonly #values = new Map<string, JsonValue>();

  /** These bytes as a key; undefined: they are too many. */
  keyOf(bytes: Uint8Array): string | undefined {
    return bytes.length > maxBytes ? undefined : String.fromCharCode(...bytes);
  }

  get(key: string): JsonValue | undefined {
    return this.#values.get(key);
  }

  /** @param value what these bytes are, to a reader that is between two requests before and after them */
  add(key: string, value: JsonValue): void {
    const oldest = this.#values.keys().next().value;
    if (this.#values.size >= maxRequests && oldest !== undefined) this.#values.delete(oldest);
    this.#values.set(key, value);
  }
}
