import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { VmSpec } from '@innkeeper/hypervisor';
import type { ImageRow, VmRow } from '@innkeeper/store';
import type { DataFolder } from '../data/data-folder.ts';
import { fullPath } from '../data/stored-path.ts';
import { isUnfinished } from '../data/unfinished.ts';
import type { ImageKernel } from '../images/image-tools.ts';

/** The path of a VM's disk. */
export function diskPath(folder: DataFolder, vmId: string): string {
  return join(folder.vmFolder(vmId), 'disk.qcow2');
}

/** Whether a VM's disk exists and its folder is not marked as unfinished. Rejects when that cannot be checked. */
export async function hasWholeDisk(folder: DataFolder, vmId: string): Promise<boolean> {
  return existsSync(diskPath(folder, vmId)) && !(await isUnfinished(folder.vmFolder(vmId)));
}

/** The VM specification for the driver. */
export function vmSpec(row: VmRow, image: ImageRow | undefined, folder: DataFolder): VmSpec {
  return {
    id: row.id,
    name: row.name,
    cpus: row.cpus,
    memoryBytes: row.memory_bytes,
    runDirectory: folder.runFolder(row.id),
    disks: [{ path: diskPath(folder, row.id), format: 'qcow2' }],
    kernel: kernelOf(image, folder),
    nics: [{ kind: 'user', macAddress: row.mac_address }],
    firmware: { kind: 'default' },
    snapshot: undefined,
  };
}

/** The files that a VM needs to start and that are missing: its disk, what that lies over, its kernel. */
export function missingFiles(row: VmRow, image: ImageRow | undefined, folder: DataFolder): string[] {
  const kernel = kernelOf(image, folder);
  const base = row.base_path === '' ? '' : fullPath(folder, row.base_path);
  const needed = [diskPath(folder, row.id), base, kernel?.path ?? '', kernel?.initrdPath ?? ''];
  return needed.filter((path) => path !== '' && !existsSync(path));
}

function kernelOf(image: ImageRow | undefined, folder: DataFolder): VmSpec['kernel'] {
  if (image === undefined || image.kernel === null) return undefined;
  // JSON omits undefined properties.
  const { path, initrdPath, commandLine } = JSON.parse(image.kernel) as ImageKernel;
  const initrd = initrdPath === undefined ? undefined : fullPath(folder, initrdPath);
  return { path: fullPath(folder, path), initrdPath: initrd, commandLine };
}
