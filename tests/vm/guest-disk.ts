import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** In Debian, file system tools are only in root's PATH. */
const env = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` };

/** The ext4 superblock of a stopped VM's disk, as printed by dumpe2fs. A sparse copy is created in `folder`. */
export function rootFileSystemHeader(dataDirectory: string, vmId: string, folder: string): string {
  const raw = join(folder, 'disk.raw');
  execFileSync('qemu-img', ['convert', '-O', 'raw', join(dataDirectory, 'vms', vmId, 'disk.qcow2'), raw], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return execFileSync('dumpe2fs', ['-h', raw], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
}
