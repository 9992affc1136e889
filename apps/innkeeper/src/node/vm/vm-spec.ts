import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { VmSpec } from '@innkeeper/hypervisor';
import type { ImageRow, VmRow } from '@innkeeper/store';
import type { DataFolder } from '../data/data-folder.ts';
import { isUnfinished } from '../data/unfinished.ts';
import type { ImageKernel } from '../images/image-tools.ts';

/** Where a VM's disk lies. */
export function diskPath(folder: DataFolder, vmId: string): string {
  return join(folder.vmFolder(vmId), 'disk.qcow2');
}

/** Whether a VM's disk is there, and its folder carries no mark of being made. Rejects when that cannot be looked at. */
export async function hasWholeDisk(folder: DataFolder, vmId: string): Promise<boolean> {
  return existsSync(diskPath(folder, vmId)) && !(await isUnfinished(folder.vmFolder(vmId)));
}

/** What the driver is told to start. */
export function vmSpec(row: VmRow, image: ImageRow | undefined, folder: DataFolder): VmSpec {
  const kernel = image?.kernel ? (JSON.parse(image.kernel) as ImageKernel) : undefined;
  return {
    id: row.id,
    name: row.name,
    cpus: row.cpus,
    memoryBytes: row.memory_bytes,
    runDirectory: folder.runFolder(row.id),
    disks: [{ path: diskPath(folder, row.id), format: 'qcow2' }],
    // JSON leaves out what is undefined.
    kernel: kernel === undefined ? undefined : { ...kernel, initrdPath: kernel.initrdPath },
    nics: [{ kind: 'user', macAddress: row.mac_address }],
    firmware: { kind: 'default' },
    snapshot: undefined,
  };
}
