import type { Host } from '../host.ts';
import { openOptions } from './open-options.ts';

const syncTimeoutMs = 20_000;

/**
 * Writes a file of the system's configuration whole or not at all: it is on disk before it replaces the old one, whose
 * owner and mode it gets. Only for folders that nobody but root can write: links are followed.
 * @param mode of a file that does not exist yet
 */
export async function replaceFile({ files }: Host, path: string, text: string, mode = 0o644): Promise<void> {
  const temporary = `${path}.innkeeper`;
  const old = statOf(files, path);
  const file = files.open(temporary, openOptions({ access: 'write', create: true, truncate: true, mode: 0o600 }));
  try {
    if (old !== undefined) files.chownHandle(file, old.uid, old.gid);
    files.chmodHandle(file, old?.mode ?? mode);
    files.write(file, new TextEncoder().encode(text), 0);
    await files.sync(file, syncTimeoutMs);
  } finally {
    file.close();
  }
  files.rename(temporary, path);
}

function statOf(files: Host['files'], path: string) {
  try {
    return files.stat(path, true);
  } catch {
    // ENOENT: it is new.
    return undefined;
  }
}
