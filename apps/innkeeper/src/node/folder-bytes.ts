import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Disk space of the files directly in a folder, without holes. 0 when the folder does not exist. */
export async function folderBytes(path: string): Promise<bigint> {
  let bytes = 0n;
  for (const name of await namesIn(path)) {
    // A file that is removed meanwhile counts as 0.
    const found = await stat(join(path, name), { bigint: true }).catch(() => undefined);
    if (found?.isFile()) bytes += found.blocks * 512n;
  }
  return bytes;
}

async function namesIn(path: string): Promise<string[]> {
  try {
    return await readdir(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
