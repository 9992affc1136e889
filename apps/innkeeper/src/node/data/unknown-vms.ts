import { join } from 'node:path';
import type { NodeContext } from '../context.ts';
import { readVmManifest } from './manifest.ts';
import { isTemporaryName, listFolder } from './unfinished.ts';

/** A folder of a VM that the database does not know. Its base, as stored, is undefined when the folder does not name it. */
export interface UnknownVm {
  readonly path: string;
  readonly image: string | undefined;
  readonly basePath: string | undefined;
}

/**
 * Folders under `vms` without a row, for example after the database was restored. Their disks may be overlays of any file
 * of an image, so files that they may need are not removed.
 */
export async function listUnknownVms({ folder, store }: NodeContext): Promise<UnknownVm[]> {
  const known = new Set((await store.vms.list()).map(({ id }) => id));
  const vms = join(folder.path, 'vms');
  const unknown: UnknownVm[] = [];
  for (const id of await listFolder(vms)) {
    if (known.has(id) || id === 'lost+found' || isTemporaryName(id)) continue;
    const path = join(vms, id);
    const manifest = await readVmManifest(path).catch(() => undefined);
    unknown.push({ path, image: manifest?.image, basePath: manifest?.base_path });
  }
  return unknown;
}
