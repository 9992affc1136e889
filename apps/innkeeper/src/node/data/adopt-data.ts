import { lstat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { isOperationError } from '@innkeeper/contract';
import { errorMessage, type Log } from '@innkeeper/kit';
import type { ImageRow, Store, VmRow } from '@innkeeper/store';
import { diskPath } from '../vm/vm-spec.ts';
import type { DataFolder } from './data-folder.ts';
import { readImageManifest, readVmManifest } from './manifest.ts';
import { fullPath, isInside, storedPath } from './stored-path.ts';
import { isTemporaryName, isUnfinished, listFolder } from './unfinished.ts';

/** The result: names of images and VMs that were taken over, and the folders that were not, with the reason. */
export interface AdoptedData {
  readonly images: readonly string[];
  readonly vms: readonly string[];
  readonly leftAlone: readonly { readonly path: string; readonly why: string }[];
}

interface Adoption {
  readonly folder: DataFolder;
  readonly store: Store;
  /** The node that owns the rows from now on. */
  readonly nodeId: string;
  readonly log: Log;
}

/**
 * Recreates the rows of images and VMs that are in the folder but not in the database, from their manifests. Folders
 * without a manifest, or with one that does not match their content, are reported and left alone. No files are changed.
 */
export async function adoptData(adoption: Adoption): Promise<AdoptedData> {
  const leftAlone: { path: string; why: string }[] = [];
  const { folder, store, log } = adoption;
  const adoptAll = async (where: string, adopt: (name: string) => Promise<string | undefined>): Promise<string[]> => {
    const adopted: string[] = [];
    for (const entry of await listFolder(join(folder.path, where))) {
      if (entry === 'lost+found' || isTemporaryName(entry)) continue;
      const path = join(folder.path, where, entry);
      try {
        const name = await adopt(entry);
        if (name !== undefined) adopted.push(name);
      } catch (error) {
        if (isOperationError(error) && error.reason !== 'VM_NAME_TAKEN') throw error;
        leftAlone.push({ path, why: errorMessage(error) });
        log.warn('data.left-alone', { path, message: errorMessage(error) });
      }
    }
    return adopted;
  };
  const images = await adoptAll('images', (name) => adoptImage(adoption, name));
  const known = new Set((await store.vms.list()).map(({ id }) => id));
  const vms = await adoptAll('vms', (id) => (known.has(id) ? Promise.resolve(undefined) : adoptVm(adoption, id)));
  log.warn('data.adopted', { images: images.length, vms: vms.length, leftAlone: leftAlone.length });
  return { images, vms, leftAlone };
}

async function adoptImage({ folder, store, nodeId }: Adoption, name: string): Promise<string | undefined> {
  if ((await store.images.find(name)) !== undefined) return undefined;
  const directory = folder.imageFolder(name);
  const kept = await readImageManifest(directory);
  if (kept === undefined) throw new Error('image.json is missing or unreadable');
  const { format, path } = kept;
  if (kept.name !== name || (format !== 'raw' && format !== 'qcow2') || typeof path !== 'string')
    throw new Error('its image.json belongs to another image');
  const original = fullPath(folder, path);
  assertInside(directory, original);
  await assertFile(original);
  if (await isUnfinished(join(directory, relative(directory, original), '..')))
    throw new Error('its creation was not completed');
  const row: ImageRow = {
    name,
    format,
    path: storedPath(folder, original),
    virtual_bytes: numberOr(kept.virtual_bytes, 0),
    sha256: textOr(kept.sha256, ''),
    added_ms: numberOr(kept.added_ms, 0),
    kernel: jsonOrNull(kept.kernel),
    base: jsonOrNull(kept.base),
    node_id: nodeId,
  };
  await store.images.insert(row);
  return name;
}

async function adoptVm({ folder, store, nodeId }: Adoption, id: string): Promise<string> {
  const directory = folder.vmFolder(id);
  const kept = await readVmManifest(directory);
  if (kept === undefined) throw new Error('vm.json is missing or unreadable');
  const { name, image, base_path: basePath } = kept;
  if (kept.id !== id || typeof name !== 'string' || typeof image !== 'string' || typeof basePath !== 'string')
    throw new Error('its vm.json belongs to another VM');
  if (await isUnfinished(directory)) throw new Error('its creation was not completed');
  if ((await store.images.find(image)) === undefined) throw new Error(`its image "${image}" does not exist`);
  await assertFile(diskPath(folder, id));
  const base = fullPath(folder, basePath);
  assertInside(folder.imageFolder(image), base);
  await assertFile(base);
  const row: VmRow = {
    id,
    name,
    image,
    base_path: storedPath(folder, base),
    state: 'stopped',
    state_detail: 'Taken over with --adopt-data.',
    cpus: numberOr(kept.cpus, 1),
    memory_bytes: numberOr(kept.memory_bytes, 268_435_456),
    disk_bytes: numberOr(kept.disk_bytes, 0),
    mac_address: textOr(kept.mac_address, ''),
    tags: jsonOrNull(kept.tags) ?? '{}',
    driver: textOr(kept.driver, 'qemu'),
    record: jsonOrNull(kept.record),
    agent: jsonOrNull(kept.agent) ?? '{}',
    autostart: numberOr(kept.autostart, 0),
    stopped_boot_id: textOr(kept.stopped_boot_id, ''),
    identity: textOr(kept.identity, ''),
    created_ms: numberOr(kept.created_ms, 0),
    started_ms: null,
    node_id: nodeId,
  };
  if (row.mac_address === '') throw new Error('its vm.json has no mac_address');
  await store.vms.insert(row);
  return name;
}

/** A manifest may only name files in its own folder. */
function assertInside(directory: string, path: string): void {
  if (!isInside(directory, path)) throw new Error(`${path} is not in its folder`);
}

async function assertFile(path: string): Promise<void> {
  if (!(await lstat(path)).isFile()) throw new Error(`${path} is not a regular file`);
}

function numberOr(value: unknown, fallback: number): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : fallback;
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === 'string' ? value : fallback;
}

/** A column with valid JSON, otherwise undefined. */
function jsonOrNull(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  try {
    JSON.parse(value);
    return value;
  } catch {
    // Treated as missing.
    return null;
  }
}
