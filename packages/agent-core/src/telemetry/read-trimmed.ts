import type { Host } from '../host.ts';

/** The text of a small file without white space around it; undefined when it cannot be read. */
export function readTrimmed(host: Host, path: string, maxBytes = 4096): string | undefined {
  try {
    return host.files.readText(path, maxBytes).trim();
  } catch {
    // ENOENT and EACCES: what is not known is absent.
    return undefined;
  }
}
