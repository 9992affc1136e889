/**
 * Writing fields by hand, for generated codecs of frequent messages. Tags are of one byte, and fields with the value that
 * an absent one has are not written.
 */

const encoder = new TextEncoder();
export const noBytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);

/** Text in UTF-8. */
export function textBytes(text: string | undefined): Uint8Array {
  return text ? encoder.encode(text) : noBytes;
}

/** Size of an unsigned 32-bit number as a varint. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/** Size of a number's field. */
export function numberField(value: number): number {
  return value === 0 ? 0 : 1 + varintBytes(value);
}

/** Size of a field of this many bytes. */
export function bytesField(length: number): number {
  return length === 0 ? 0 : 1 + varintBytes(length) + length;
}

/** Writes an unsigned 32-bit number at `at`; returns the position of the next byte. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let next = at;
  while (rest > 127) {
    bytes[next++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  bytes[next++] = rest;
  return next;
}

/** Writes a number's field, or what comes before the bytes of a field of that size. */
export function putNumber(bytes: Uint8Array, at: number, tag: number, value: number): number {
  if (value === 0) return at;
  bytes[at] = tag;
  return putVarint(bytes, at + 1, value);
}

export function putBytes(bytes: Uint8Array, at: number, tag: number, value: Uint8Array): number {
  const { length } = value;
  if (length === 0) return at;
  bytes[at] = tag;
  const start = putVarint(bytes, at + 1, length);
  bytes.set(value, start);
  return start + length;
}
