import type { Host } from '../host.ts';

/** The text of a small file without surrounding white space; undefined if it cannot be read. */
export function readTrimmed(host: Host, path: string, maxBytes = 4096): string | undefined {
  try {
    return host.files.readText(path, maxBytes).trim();
  } catch {
    // ENOENT and EACCES: unknown values are absent.
    return undefined;
  }
}
