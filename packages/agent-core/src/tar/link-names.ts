import type { FileStat } from '../host.ts';

/** Files with several names that are remembered at once; further ones are archived once per name. */
const maxFiles = 8192;
const maxChars = 1024 * 1024;

/** The first names of files with several names (hard links), while further ones can follow. */
export class LinkNames {
  readonly #first = new Map<string, { readonly path: string; left: number }>();
  #chars = 0;

  /** The name under which the file is in the archive already. */
  firstOf(stat: FileStat): string | undefined {
    if (stat.linkCount < 2) return undefined;
    const key = keyOf(stat);
    const first = this.#first.get(key);
    if (first === undefined) return undefined;
    first.left--;
    if (first.left === 0) {
      this.#first.delete(key);
      this.#chars -= first.path.length;
    }
    return first.path;
  }

  /** Remembers the first name of a file. Returns whether links to it may follow; 'full' if there is no room for it. */
  add(stat: FileStat, path: string): boolean | 'full' {
    if (stat.linkCount < 2) return false;
    if (this.#first.size >= maxFiles || this.#chars + path.length > maxChars) return 'full';
    this.#first.set(keyOf(stat), { path, left: stat.linkCount - 1 });
    this.#chars += path.length;
    return true;
  }
}

function keyOf({ deviceId, inode }: FileStat): string {
  return `${deviceId}:${inode}`;
}
