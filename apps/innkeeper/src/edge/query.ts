import { OperationError } from '@innkeeper/contract';

/** A text parameter; undefined when it is not there. */
export function optionalText(query: URLSearchParams, name: string): string | undefined {
  return query.get(name) ?? undefined;
}

/** The absolute path that every file route needs. Whether it is a good one is for the guest to say. */
export function requiredPath(query: URLSearchParams): string {
  const path = query.get('path');
  if (path === null || path === '') throw new OperationError('INVALID_ARGUMENT', 'The parameter "path" is missing.');
  return path;
}

/** A count of bytes; undefined when it is not there. */
export function optionalBytes(query: URLSearchParams, name: string): bigint | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^\d{1,18}$/.test(text)) {
    throw new OperationError(
      'INVALID_ARGUMENT',
      `The parameter "${name}" is "${text.slice(0, 40)}"; it must be a number of bytes.`,
    );
  }
  return BigInt(text);
}

/** Nanoseconds since the epoch; undefined when they are not there. */
export function optionalNs(query: URLSearchParams, name: string): bigint | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^-?\d{1,19}$/.test(text) || BigInt.asIntN(64, BigInt(text)) !== BigInt(text)) {
    throw new OperationError(
      'INVALID_ARGUMENT',
      `The parameter "${name}" is "${text.slice(0, 40)}"; it must be a number of nanoseconds.`,
    );
  }
  return BigInt(text);
}

/** Permission bits in octal; undefined when they are not there. */
export function optionalMode(query: URLSearchParams): number | undefined {
  const text = query.get('mode');
  if (text === null) return undefined;
  if (!/^[0-7]{1,5}$/.test(text) || Number.parseInt(text, 8) > 0o7777) {
    throw new OperationError(
      'INVALID_ARGUMENT',
      `The parameter "mode" is "${text.slice(0, 40)}"; it must be octal, at most 7777.`,
    );
  }
  return Number.parseInt(text, 8);
}

/** "1" or "true"; a parameter that is not there is false. */
export function isSet(query: URLSearchParams, name: string): boolean {
  return /^(1|true)$/.test(query.get(name) ?? '');
}

/** Lower-case hex of 32 bytes, in a header or trailer; undefined when it is not there. */
export function optionalSha256(text: string | string[] | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  if (typeof text !== 'string' || !/^[0-9a-f]{64}$/i.test(text)) {
    throw new OperationError('INVALID_ARGUMENT', 'x-innkeeper-sha256 is not 64 hex digits.');
  }
  return Buffer.from(text, 'hex');
}

/** A limit of a request: 0 is the default; more than the most is refused. */
export function limitOf(asked: number, byDefault: number, most: number): number {
  if (asked > most) throw new OperationError('INVALID_ARGUMENT', `limit is ${asked}; at most ${most}.`);
  return asked === 0 ? byDefault : asked;
}

/** A time in nanoseconds since the epoch, as milliseconds; undefined for 0, which is not given. Throws INVALID_ARGUMENT. */
export function optionalTimeMs(unixNs: bigint, name: string): number | undefined {
  if (unixNs < 0n) throw new OperationError('INVALID_ARGUMENT', `${name} is ${unixNs}; it must not be negative.`);
  return unixNs === 0n ? undefined : Number(unixNs / 1_000_000n);
}
