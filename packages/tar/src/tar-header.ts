import { blockBytes, checksum, paddedBytes } from './blocks.ts';
import { mapEntries, type SparseMap, sparseMapBytes } from './sparse-map.ts';

/** The comment on a file to which hard links follow in the archive. */
export const linkedComment = 'hard links to this file follow';
/** Begins a comment that names what is left out of the archive. */
export const leftOutComment = 'innkeeper left out: ';
const maxOctal = 0o77777777777;
const maxOctalShort = 0o7777777;
const secondNs = 1_000_000_000n;
const encoder = new TextEncoder();

/** One entry of an archive. */
export interface TarEntry {
  /** Relative, without "/" at its ends. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'hardlink';
  /** Of a symbolic link, and the path of a hard link's file in the archive. */
  readonly linkTarget: string;
  /** The file's size; in the archive it has less if it has a map. */
  readonly sizeBytes: number;
  readonly stat: {
    readonly mode: number;
    readonly uid: number;
    readonly gid: number;
    readonly modifiedNs: bigint;
  };
  readonly user: string;
  readonly group: string;
  /** The parts of a sparse file that are in the archive. */
  readonly map?: SparseMap | undefined;
  /** Extended attributes. */
  readonly attributes?: ReadonlyMap<string, Uint8Array> | undefined;
  /** Hard links to this file follow. */
  readonly isLinked?: boolean | undefined;
}

/**
 * The header of an entry in POSIX.1-2001 (pax) format: a ustar block, preceded by an extended header for values that do
 * not fit into it. That of a sparse file (GNU tar's format 1.0) includes its map.
 */
export function tarHeader(entry: TarEntry): Uint8Array {
  const { map, stat, type } = entry;
  const path = type === 'directory' ? `${entry.path}/` : entry.path;
  const mapBytes = map === undefined ? undefined : sparseMapBytes(map, entry.sizeBytes);
  const contentBytes = map === undefined ? entry.sizeBytes : map.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const sizeBytes = contentBytes + (mapBytes?.length ?? 0);
  const records = recordsOf(entry, path, sizeBytes);
  const typeFlag = { file: '0', directory: '5', symlink: '2', hardlink: '1' }[type];
  // Programs that do not know sparse files must not take the map for a part of the file.
  const shown = map === undefined ? path : path.replace(/[^/]*$/, 'GNUSparseFile.0/$&');
  const main = block({ ...entry, path: shown, typeFlag, sizeBytes, stat });
  const pieces = records.length === 0 ? [main] : [...extendedHeader('x', records), main];
  return joined(mapBytes === undefined ? pieces : [...pieces, mapBytes]);
}

/** A comment for the whole archive, which names an entry that is left out of it. */
export function leftOutHeader(what: string): Uint8Array {
  return joined(extendedHeader('g', [record('comment', `${leftOutComment}${what}`)]));
}

/** An extended header with further values for the entry that follows, which must not have one of its own. */
export function extraHeader(values: ReadonlyMap<string, string>): Uint8Array {
  return joined(
    extendedHeader(
      'x',
      [...values].map(([key, value]) => record(key, value)),
    ),
  );
}

function recordsOf(entry: TarEntry, path: string, sizeBytes: number): Uint8Array[] {
  const { stat, map, attributes, linkTarget } = entry;
  const records: Uint8Array[] = [];
  const add = (key: string, value: string): number => records.push(record(key, value));
  if (map === undefined && encoder.encode(path).length > 100) add('path', path);
  if (encoder.encode(linkTarget).length > 100) add('linkpath', linkTarget);
  if (sizeBytes > maxOctal) add('size', String(sizeBytes));
  if (stat.uid > maxOctalShort) add('uid', String(stat.uid));
  if (stat.gid > maxOctalShort) add('gid', String(stat.gid));
  if (stat.modifiedNs < 0n || stat.modifiedNs % secondNs !== 0n) add('mtime', secondsText(stat.modifiedNs));
  if (map !== undefined) for (const [key, value] of mapEntries(path, entry.sizeBytes)) add(key, value);
  if (entry.isLinked === true) add('comment', linkedComment);
  for (const [name, value] of attributes ?? []) records.push(record(`SCHILY.xattr.${escapedName(name)}`, value));
  return records;
}

/** As GNU tar writes them, since "=" ends the key. */
function escapedName(name: string): string {
  return name.replaceAll('%', '%25').replaceAll('=', '%3D');
}

/** "-1.5", with as many digits as needed. */
function secondsText(ns: bigint): string {
  const absolute = ns < 0n ? -ns : ns;
  const fraction = `${absolute % secondNs}`.padStart(9, '0').replace(/0+$/, '');
  return `${ns < 0n ? '-' : ''}${absolute / secondNs}${fraction === '' ? '' : `.${fraction}`}`;
}

function extendedHeader(typeFlag: 'x' | 'g', records: readonly Uint8Array[]): Uint8Array[] {
  const body = joined(records);
  const stat = { mode: 0o644, uid: 0, gid: 0, modifiedNs: 0n };
  const header = block({ path: 'pax', linkTarget: '', sizeBytes: body.length, typeFlag, stat, user: '', group: '' });
  return [header, body, new Uint8Array(paddedBytes(body.length) - body.length)];
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

interface Block extends Omit<TarEntry, 'type'> {
  readonly typeFlag: string;
}

function block({ path, linkTarget, sizeBytes, stat, user, group, typeFlag }: Block): Uint8Array {
  const bytes = new Uint8Array(blockBytes);
  const text = (at: number, length: number, value: string): void =>
    bytes.set(encoder.encode(value).subarray(0, length), at);
  const octal = (at: number, length: number, value: number): void =>
    text(at, length, value.toString(8).padStart(length - 1, '0'));
  text(0, 100, path);
  octal(100, 8, stat.mode);
  octal(108, 8, Math.min(stat.uid, maxOctalShort));
  octal(116, 8, Math.min(stat.gid, maxOctalShort));
  octal(124, 12, Math.min(sizeBytes, maxOctal));
  octal(136, 12, Math.max(0, Math.min(Number(stat.modifiedNs / secondNs), maxOctal)));
  text(148, 8, '        ');
  text(156, 1, typeFlag);
  text(157, 100, linkTarget);
  text(257, 8, 'ustar\x0000');
  text(265, 31, user);
  text(297, 31, group);
  octal(148, 7, checksum(bytes));
  return bytes;
}

/** "LENGTH key=value\n", where the length includes itself. */
function record(key: string, value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === 'string' ? encoder.encode(value) : value;
  const rest = encoder.encode(` ${key}=`).length + bytes.length + 1;
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length = rest + String(length).length;
  return joined([encoder.encode(`${length} ${key}=`), bytes, encoder.encode('\n')]);
}
