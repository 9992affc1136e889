import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Debian keeps the tools of file systems where only root's path looks. */
const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };

/** The header of the ext4 file system on a stopped VM's disk, as dumpe2fs prints it. `folder` takes a sparse copy. */
export function rootFileSystemHeader(dataDirectory: string, vmId: string, folder: string): string {
  const raw = join(folder, 'disk.raw');
  execFileSync('qemu-img', ['convert', '-O', 'raw', join(dataDirectory, 'vms', vmId, 'disk.qcow2'), raw], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return execFileSync('dumpe2fs', ['-h', raw], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}
