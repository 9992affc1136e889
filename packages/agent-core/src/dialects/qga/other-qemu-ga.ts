import type { Host } from '../../host.ts';
import { programPath } from '../../program-path.ts';

/**
 * The path of a qemu-ga that is installed in the guest and is not this program by another name; undefined if there is none.
 * Its service would fail where somebody else has its port, so the agent leaves the port to it, running or not.
 */
export function otherQemuGa(host: Host): string | undefined {
  const path = programPath(host, 'qemu-ga');
  return path === undefined || isSameFile(host, path, '/proc/self/exe') ? undefined : path;
}

function isSameFile({ files }: Host, one: string, other: string): boolean {
  try {
    const [a, b] = [files.stat(one, true), files.stat(other, true)];
    return a.inode === b.inode && a.deviceId === b.deviceId;
  } catch {
    // ENOENT: one of them is gone, or there is no /proc.
    return false;
  }
}
