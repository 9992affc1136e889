import type { Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { openOptions } from './open-options.ts';

/** Milliseconds that a disk has to write data. */
export const syncTimeoutMs = 120_000;

/** Makes a rename in the directory survive a power failure (fsync(2)). */
export async function syncFolder(host: Host, path: string): Promise<void> {
  const folder = host.files.open(path, openOptions({}));
  try {
    await host.files.sync(folder, syncTimeoutMs);
  } catch (error) {
    // Some file systems cannot sync a directory.
    if (!hasErrno(error, 'EINVAL', 'EBADF')) throw error;
  } finally {
    folder.close();
  }
}
