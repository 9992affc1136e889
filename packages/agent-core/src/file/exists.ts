import type { Host } from '../host.ts';

/** Whether there is a file of any kind at a path, following links. */
export function exists(host: Host, path: string): boolean {
  try {
    host.files.stat(path, true);
    return true;
  } catch {
    // ENOENT: it does not exist.
    return false;
  }
}
