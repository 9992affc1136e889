import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { VmSpec } from '@innkeeper/hypervisor';
import type { ImageRow, VmRow } from '@innkeeper/store';
import type { DataFolder } from '../data/data-folder.ts';
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
  const kernel = image?.kernel ? (JSON.parse(image.kernel) as ImageKernel) : undefined;
  return {
    id: row.id,
    name: row.name,
    cpus: row.cpus,
    memoryBytes: row.memory_bytes,
    runDirectory: folder.runFolder(row.id),
    disks: [{ path: diskPath(folder, row.id), format: 'qcow2' }],
    // JSON omits undefined properties.
    kernel: kernel === undefined ? undefined : { ...kernel, initrdPath: kernel.initrdPath },
    nics: [{ kind: 'user', macAddress: row.mac_address }],
    firmware: { kind: 'default' },
    snapshot: undefined,
  };
}
