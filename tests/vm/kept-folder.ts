import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { claimName } from '../../tools/claim-name.ts';

/** What test files keep between runs. */
export const keptFolder = join(import.meta.dirname, '..', '..', '.cache', 'vm-tests');

/** What images are built of, and kernels: the same for all data directories. */
export const keptCache = join(keptFolder, 'cache');

/**
 * Claims a data directory for this process until it ends: two test files that run at the same time must not use the same
 * one, since each removes the VMs of the other. The images in it are kept between runs.
 */
export async function claimDataDirectory(): Promise<string> {
  mkdirSync(keptCache, { recursive: true });
  const owner = createHash('sha256').update(keptFolder).digest('hex').slice(0, 16);
  for (let number = 1; ; number++) {
    if (!(await claimName(`innkeeper-vm-tests-${owner}-${number}`))) continue;
    const directory = join(keptFolder, `data-${number}`);
    mkdirSync(directory, { recursive: true });
    const cache = join(directory, 'cache');
    if (!existsSync(cache)) symlinkSync(keptCache, cache);
    return directory;
  }
}
