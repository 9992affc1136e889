import { join } from 'node:path';
import type { NodeContext } from '../context.ts';
import { readVmManifest } from './manifest.ts';
import { isTemporaryName, listFolder } from './unfinished.ts';

/** A folder of a VM that the database does not know. What it lies over is undefined when its folder does not say. */
export interface UnknownVm {
  readonly path: string;
  readonly image: string | undefined;
  readonly basePath: string | undefined;
}

/**
 * Folders under `vms` without a row: of an older database, or one that was restored. Their disks may lie over any file of
 * an image, so none that they may need is removed.
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
