import { openOptions } from '../file/open-options.ts';
import { syncTimeoutMs } from '../file/sync-folder.ts';
import { hex } from '../hex.ts';
import type { Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';

/** Larger ones are not configuration. */
const maxBytes = 256 * 1024;

/** A file as it was before a change; its bytes in hexadecimal, undefined if it did not exist. */
export interface SavedFile {
  readonly path: string;
  readonly data: string | undefined;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** @throws HostError EFBIG and those of reading */
export function saveFile(host: Host, path: string): SavedFile {
  try {
    const { mode, uid, gid, sizeBytes } = host.files.stat(path, true);
    if (sizeBytes > maxBytes) throw new RangeError(`${path} is larger than ${maxBytes} bytes.`);
    const file = host.files.open(path, openOptions({}));
    try {
      const bytes = new Uint8Array(sizeBytes);
      const count = host.files.read(file, bytes, 0);
      return { path, data: hex(bytes.subarray(0, count)), mode, uid, gid };
    } finally {
      file.close();
    }
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
    return { path, data: undefined, mode: 0, uid: 0, gid: 0 };
  }
}

/** Makes a file what it was, with its mode and owner. */
export async function restoreFile(host: Host, { path, data, ...owner }: SavedFile): Promise<void> {
  if (data !== undefined) {
    await replaceFile(host, path, bytesOfHex(data), owner);
    return;
  }
  try {
    host.files.unlink(path);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
}

/** Replaces a file as a whole, so that it survives a power failure; a link stays, and its target is written. */
export async function replaceFile(
  host: Host,
  path: string,
  bytes: Uint8Array,
  { mode, uid, gid }: { readonly mode: number; readonly uid: number; readonly gid: number },
): Promise<void> {
  const { files } = host;
  try {
    files.makeDirectory(path.slice(0, path.lastIndexOf('/')), 0o755);
  } catch {
    // EEXIST, or what the next call reports.
  }
  const temporary = isLink(host, path) ? undefined : `${path}.innkeeper-new`;
  const file = files.open(
    temporary ?? path,
    openOptions({ access: 'write', create: true, truncate: true, mode: 0o600, noSymlinks: temporary !== undefined }),
  );
  try {
    files.write(file, bytes, 0);
    files.chownHandle(file, uid, gid);
    files.chmodHandle(file, mode);
    await files.sync(file, syncTimeoutMs);
  } finally {
    file.close();
  }
  if (temporary === undefined) return;
  try {
    files.rename(temporary, path);
  } catch (error) {
    files.unlink(temporary);
    throw error;
  }
}

function isLink(host: Host, path: string): boolean {
  try {
    return host.files.stat(path, false).type === 'symlink';
  } catch {
    // ENOENT: it is created.
    return false;
  }
}

export function bytesOfHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
