import { blockBytes, checksum } from './blocks.ts';
import { MalformedTarError } from './malformed-tar-error.ts';

/** Maximum records of one extended header; real ones have a few dozen. */
const maxRecords = 1000;

/** The fields of a header block of ustar, old tar or GNU tar. */
export interface TarBlock {
  readonly path: string;
  /** One character; NUL is "0". */
  readonly typeFlag: string;
  readonly linkTarget: string;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly modifiedSeconds: number;
  /** Names of the owner and the group; empty when there are none. */
  readonly user: string;
  readonly group: string;
}

/** Parses a header; undefined for a block of zeros, which ends an archive. @throws MalformedTarError */
export function parseTarHeader(bytes: Uint8Array): TarBlock | undefined {
  if (bytes.subarray(0, blockBytes).every((byte) => byte === 0)) return undefined;
  if (numberAt(bytes, 148, 8) !== checksum(bytes)) throw malformed('a header with a wrong checksum');
  // More blocks of the sparse map follow, and their number is not in the header.
  if (bytes[156] === 0x53 && bytes[482] !== 0) throw malformed('a sparse file in the old form of GNU tar');
  const isPosix = text(bytes, 257, 6) === 'ustar';
  const prefix = isPosix ? text(bytes, 345, 155) : '';
  const name = text(bytes, 0, 100);
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    typeFlag: bytes[156] === 0 ? '0' : String.fromCharCode(bytes[156] ?? 0),
    linkTarget: text(bytes, 157, 100),
    sizeBytes: numberAt(bytes, 124, 12),
    mode: numberAt(bytes, 100, 8) & 0o7777,
    uid: numberAt(bytes, 108, 8),
    gid: numberAt(bytes, 116, 8),
    modifiedSeconds: numberAt(bytes, 136, 12),
    user: isPosix ? text(bytes, 265, 32) : '',
    group: isPosix ? text(bytes, 297, 32) : '',
  };
}

/** The records of an extended header: "LENGTH key=value\n". @throws MalformedTarError */
export function parsePax(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const records = new Map<string, Uint8Array>();
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(new TextDecoder().decode(bytes.subarray(at, Math.max(at, space))));
    const end = at + length;
    if (space < 0 || !Number.isInteger(length) || end > bytes.length || end <= space || bytes[end - 1] !== 0x0a)
      throw malformed('a malformed extended header');
    const equals = bytes.indexOf(0x3d, space);
    const keyEnd = equals < 0 || equals >= end ? end - 1 : equals;
    if (records.size >= maxRecords) throw malformed('an extended header with too many records');
    records.set(decode(bytes.subarray(space + 1, keyEnd)), bytes.subarray(Math.min(keyEnd + 1, end - 1), end - 1));
    at = end;
  }
  return records;
}

export function malformed(what: string): MalformedTarError {
  return new MalformedTarError(`The archive has ${what}.`);
}

function text(bytes: Uint8Array, at: number, length: number): string {
  const field = bytes.subarray(at, at + length);
  const end = field.indexOf(0);
  return decode(end < 0 ? field : field.subarray(0, end));
}

/** Keeps a leading byte order mark, which can be part of a file's name. */
export function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}

/** Octal digits, or GNU's binary form, whose first bit is set. */
function numberAt(bytes: Uint8Array, at: number, length: number): number {
  const field = bytes.subarray(at, at + length);
  const first = field[0] ?? 0;
  const value =
    (first & 0x80) === 0
      ? Number.parseInt(text(bytes, at, length).trim() || '0', 8)
      : field.subarray(1).reduce((sum, byte) => sum * 256 + byte, first & 0x7f);
  if (!Number.isSafeInteger(value)) throw malformed('a number out of range');
  return value;
}
