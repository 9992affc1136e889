import { existsSync } from 'node:fs';
import { errorMessage } from '@innkeeper/kit';
import type { NodeContext } from '../context.ts';
import { writeImageManifest, writeVmManifest } from './manifest.ts';

/**
 * Writes every missing or outdated manifest of an image or VM. A failure is only logged: manifests are needed when the
 * database is lost, and must not keep the daemon from starting.
 */
export async function writeManifests({ folder, store, log }: NodeContext): Promise<void> {
  for (const row of await store.images.list()) {
    const directory = folder.imageFolder(row.name);
    await attempt(directory, () => writeImageManifest(directory, row));
  }
  for (const row of await store.vms.list()) {
    const directory = folder.vmFolder(row.id);
    await attempt(directory, () => writeVmManifest(directory, row));
  }

  async function attempt(path: string, write: () => Promise<void>): Promise<void> {
    if (!existsSync(path)) return;
    try {
      await write();
    } catch (error) {
      log.warn('data.manifest-not-written', { path, message: errorMessage(error) });
    }
  }
}
