import { rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './unfinished.ts';

/** Writes a file for this user alone. There is the whole file or the earlier one, also after a full disk or a power failure. */
export async function writePrivateFile(path: string, content: string | Buffer): Promise<void> {
  const half = `${path}.new`;
  // Of a daemon that was killed meanwhile.
  await rm(half, { force: true });
  try {
    await writeFile(half, content, { mode: 0o600, flag: 'wx', flush: true });
    await rename(half, path);
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}
