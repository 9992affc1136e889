import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What a folder's own files take on the host's disk; holes do not count. 0 when there is no such folder. */
export async function folderBytes(path: string): Promise<bigint> {
  let bytes = 0n;
  for (const name of await namesIn(path)) {
    // A file that goes while it is counted takes nothing.
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
