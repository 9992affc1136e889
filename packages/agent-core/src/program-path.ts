import type { Host } from './host.ts';

const folders = ['/bin', '/usr/bin', '/sbin', '/usr/sbin', '/run/current-system/sw/bin'];

/** Where a program of the guest's system is; undefined if the guest does not have it. */
export function programPath(host: Host, name: string): string | undefined {
  return folders.map((folder) => `${folder}/${name}`).find((path) => isExecutable(host, path));
}

/** Whether a path is a file that may be executed. */
export function isExecutable(host: Host, path: string): boolean {
  try {
    const { type, mode } = host.files.stat(path, true);
    return type === 'regular' && (mode & 0o111) !== 0;
  } catch {
    // ENOENT: does not exist.
    return false;
  }
}
