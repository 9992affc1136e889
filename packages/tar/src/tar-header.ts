/** The block size of an archive, which ends with two blocks of zeros. */
export const blockBytes = 512;
/** Bytes read of a file whose size is only known at its end, as in /proc; longer ones are left out of an archive. */
export const maxUnsizedBytes = 1024 * 1024;
/** A file without blocks on disk that claims more has no true size: /proc/kcore, with its 128 TiB. */
export const maxCredibleBytes = 2 ** 45;
const maxOctal = 0o77777777777;
const maxOctalShort = 0o7777777;
const encoder = new TextEncoder();

/** One entry of an archive. */
export interface TarEntry {
  /** Relative, without "/" at its ends. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly linkTarget: string;
  readonly sizeBytes: number;
  readonly stat: {
    readonly mode: number;
    readonly uid: number;
    readonly gid: number;
    readonly modifiedNs: bigint;
  };
  readonly user: string;
  readonly group: string;
}

/**
 * The header of an entry in POSIX.1-2001 (pax) format: a ustar block, preceded by an extended header for values that do
 * not fit into it.
 */
export function tarHeader(entry: TarEntry): Uint8Array {
  const records: string[] = [];
  const path = entry.type === 'directory' ? `${entry.path}/` : entry.path;
  if (encoder.encode(path).length > 100) records.push(record('path', path));
  if (encoder.encode(entry.linkTarget).length > 100) records.push(record('linkpath', entry.linkTarget));
  if (entry.sizeBytes > maxOctal) records.push(record('size', String(entry.sizeBytes)));
  if (entry.stat.uid > maxOctalShort) records.push(record('uid', String(entry.stat.uid)));
  if (entry.stat.gid > maxOctalShort) records.push(record('gid', String(entry.stat.gid)));
  const type = { file: '0', directory: '5', symlink: '2' }[entry.type];
  const main = block({ ...entry, path, typeFlag: type });
  if (records.length === 0) return main;
  const body = encoder.encode(records.join(''));
  const extended = block({ ...entry, path: 'pax', linkTarget: '', sizeBytes: body.length, typeFlag: 'x' });
  const bytes = new Uint8Array(blockBytes * 2 + paddedBytes(body.length));
  bytes.set(extended);
  bytes.set(body, blockBytes);
  bytes.set(main, bytes.length - blockBytes);
  return bytes;
}

/** The size padded to whole blocks. */
export function paddedBytes(sizeBytes: number): number {
  return Math.ceil(sizeBytes / blockBytes) * blockBytes;
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
  octal(136, 12, Math.max(0, Math.min(Number(stat.modifiedNs / 1_000_000_000n), maxOctal)));
  text(148, 8, '        ');
  text(156, 1, typeFlag);
  text(157, 100, linkTarget);
  text(257, 8, 'ustar\x0000');
  text(265, 31, user);
  text(297, 31, group);
  octal(148, 7, checksum(bytes));
  return bytes;
}

/** The sum of all bytes, with the checksum field itself counted as spaces. */
export function checksum(header: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < blockBytes; at++) sum += at >= 148 && at < 156 ? 32 : (header[at] ?? 0);
  return sum;
}

/** "LENGTH key=value\n", where the length includes itself. */
function record(key: string, value: string): string {
  const rest = encoder.encode(` ${key}=${value}\n`).length;
  let length = rest + String(rest).length;
  if (String(length).length > String(rest).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}
