/**
 * A value of a request or answer. Integers are bigints, since 64 bits of them are exact; a number is one with a
 * fraction, an exponent or more digits.
 */
export type JsonValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Content
  | Streamed
  | readonly JsonValue[]
  | JsonObject;
export type JsonObject = ReadonlyMap<string, JsonValue>;

/** A base64 text of a request that was decoded as it arrived: its bytes were passed on. */
export class Content {
  readonly bytes: number;
  /** False if it has characters that are not of base64; the bytes are then of no use. */
  readonly isValid: boolean;

  constructor(bytes: number, isValid: boolean) {
    this.bytes = bytes;
    this.isValid = isValid;
  }
}

/** A base64 text of an answer that is written in pieces when its place comes. */
export class Streamed {
  readonly source: unknown;

  constructor(source: unknown) {
    this.source = source;
  }
}

/** Whether a value is an object: not an array, and not a content. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return value instanceof Map;
}

/** An object for an answer; members that are undefined are left out. */
export function object(members: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const map = new Map<string, JsonValue>();
  for (const [name, value] of Object.entries(members)) if (value !== undefined) map.set(name, value);
  return map;
}
