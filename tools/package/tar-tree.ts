import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { blockBytes, extraHeader, paddedBytes, tarHeader } from '@innkeeper/tar';

/** A file or folder of an archive; folders have no content. */
export interface Archived {
  /** Relative, without "/" at its ends. */
  readonly path: string;
  /** Permissions. */
  readonly mode: number;
  readonly content?: Buffer | undefined;
}

export interface ArchiveOptions {
  /** The time of all entries, in seconds since the epoch. */
  readonly timeSeconds: number;
  /** Further values in the header of a file. Default: none. */
  readonly valuesOf?: (content: Buffer) => ReadonlyMap<string, string>;
  /** Without the two blocks that end an archive, so that another one can follow. Default: false. */
  readonly isOpen?: boolean;
}

/** The files and folders of a tree, each folder before what is in it, in an order that depends only on names. */
export function entriesOf(tree: string): Archived[] {
  const names = (readdirSync(tree, { recursive: true }) as string[]).sort();
  return names.map((path) => {
    const stat = statSync(join(tree, path));
    return {
      path,
      mode: stat.mode & 0o777,
      content: stat.isDirectory() ? undefined : readFileSync(join(tree, path)),
    };
  });
}

/** A tar archive of these entries, which belong to root. */
export function archiveOf(entries: readonly Archived[], { timeSeconds, valuesOf, isOpen }: ArchiveOptions): Buffer {
  const pieces = entries.flatMap(({ path, mode, content }): Uint8Array[] => {
    const header = tarHeader({
      path,
      type: content === undefined ? 'directory' : 'file',
      linkTarget: '',
      sizeBytes: content?.length ?? 0,
      stat: { mode, uid: 0, gid: 0, modifiedNs: BigInt(timeSeconds) * 1_000_000_000n },
      user: 'root',
      group: 'root',
    });
    if (content === undefined) return [header];
    const padding = new Uint8Array(paddedBytes(content.length) - content.length);
    return [...(valuesOf === undefined ? [] : [extraHeader(valuesOf(content))]), header, content, padding];
  });
  return Buffer.concat(isOpen === true ? pieces : [...pieces, new Uint8Array(2 * blockBytes)]);
}
