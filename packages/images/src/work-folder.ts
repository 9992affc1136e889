import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Makes a folder for unfinished work in a folder of the cache. Its name has the process's number: several daemons may share a
 * cache, and none removes what another is making.
 */
export async function makeWorkFolder(parent: string): Promise<string> {
  await mkdir(parent, { recursive: true });
  return await mkdtemp(join(parent, `.unfinished-${process.pid}-`));
}
