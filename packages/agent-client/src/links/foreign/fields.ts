import { misbehaves } from '../../guest-claims.ts';

/** Reads fields of an answer that may be anything. */
export type Fields = Readonly<Record<string, unknown>>;

/** Most entries of a list that are looked at. */
const maxEntries = 1024;

/** @throws OperationError GUEST_MISBEHAVES if it is not an object */
export function objectOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw misbehaves(`${what} is not an object.`);
}

/** The objects of a list; other entries are left out, as are those beyond 1,024. @throws OperationError GUEST_MISBEHAVES if it is not a list */
export function objectsOf(value: unknown, what: string): Fields[] {
  if (!Array.isArray(value)) throw misbehaves(`${what} is not a list.`);
  const entries: readonly unknown[] = value.slice(0, maxEntries);
  return entries.filter((each): each is Fields => typeof each === 'object' && each !== null && !Array.isArray(each));
}

/** Undefined for anything that is not a finite number of at least 0. */
export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** Undefined for anything that is not a whole number from 0 to 2^53. */
export function countOf(value: unknown): bigint | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined;
}

/** Empty for anything that is not text. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** @throws OperationError GUEST_MISBEHAVES if it is not a whole number from 0 to `most` */
export function wholeOf(value: unknown, what: string, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= most) return value;
  throw misbehaves(`${what} is not a whole number from 0 to ${most}.`);
}

/** Decodes base64 of at most `maxBytes`; empty if absent. @throws OperationError GUEST_MISBEHAVES */
export function bytesOf(value: unknown, maxBytes: number, what: string): Uint8Array<ArrayBuffer> {
  if (value === undefined) return new Uint8Array(0);
  if (typeof value !== 'string') throw misbehaves(`${what} is not base64.`);
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length > maxBytes)
    throw misbehaves(`${what} has ${bytes.length} bytes; at most ${maxBytes} were asked for.`);
  return new Uint8Array(bytes);
}

/** A map without the keys whose value is undefined. */
export function present<T extends object>(fields: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
