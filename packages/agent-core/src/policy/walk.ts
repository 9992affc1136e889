import type { DirectoryHandle } from '../host.ts';
import { HostError, hasErrno } from '../host-error.ts';

const maxLinks = 40;

/** A name in an open folder. */
export interface Place<D extends DirectoryHandle> {
  readonly folder: D;
  /** "." for the folder itself. */
  readonly name: string;
  /** The path of the two without any link and "..". */
  readonly real: string;
}

export interface WalkOptions {
  /** Follow a link at the end too. */
  readonly follow: boolean;
  /** ELOOP for any link. */
  readonly noSymlinks: boolean;
}

/**
 * Resolves a path as the kernel does, but folder by folder, each opened in the one before: what is found is where it is,
 * whatever links are exchanged meanwhile, and a folder that refuses to be opened is not passed. Calls `use` with the place
 * and closes what was opened. @throws HostError ENOENT, ENOTDIR, ELOOP
 */
export function walk<D extends DirectoryHandle, T>(
  root: D,
  path: string,
  { follow, noSymlinks }: WalkOptions,
  use: (place: Place<D>) => T,
): T {
  const opened: { readonly folder: D; readonly name: string }[] = [];
  const rest = namesOf(path);
  const leaveTo = (count: number): void => {
    for (const { folder } of opened.splice(count)) folder.close();
  };
  let links = 0;
  try {
    for (;;) {
      const name = rest.pop() ?? '.';
      const folder = opened.at(-1)?.folder ?? root;
      const above = opened.map((each) => `/${each.name}`).join('');
      if (name === '.') return use({ folder, name, real: above || '/' });
      if (name === '..') {
        leaveTo(Math.max(0, opened.length - 1));
        continue;
      }
      const isLast = rest.length === 0;
      const target = isLast && !follow && !noSymlinks ? undefined : linkOf(folder, name);
      if (target !== undefined) {
        if (noSymlinks || ++links > maxLinks) throw new HostError('ELOOP', 'open', path);
        rest.push(...namesOf(target));
        if (target.startsWith('/')) leaveTo(0);
      } else if (isLast) {
        return use({ folder, name, real: `${above}/${name}` });
      } else {
        opened.push({ folder: folder.openDirectory(name) as D, name });
      }
    }
  } finally {
    leaveTo(0);
  }
}

/** The last name first. */
function namesOf(path: string): string[] {
  return path
    .split('/')
    .filter((name) => name !== '' && name !== '.')
    .reverse();
}

/** Undefined unless it is a link. */
function linkOf(folder: DirectoryHandle, name: string): string | undefined {
  try {
    return folder.readLink(name);
  } catch (error) {
    if (hasErrno(error, 'EINVAL', 'ENOENT')) return undefined;
    throw error;
  }
}
