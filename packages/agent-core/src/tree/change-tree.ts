import type { SetFileModeRequest, SetFileOwnerRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import type { DirectoryHandle, Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { resolveIdentity } from '../process/accounts.ts';
import { yieldToLoop } from '../yield-to-loop.ts';
import { namePath, openParent } from './normal-path.ts';

/** Maximum open directories. A deeper tree is refused with an error, not silently changed in part. */
const maxDepth = 256;
const unchanged = -1;

type Change = (folder: DirectoryHandle, name: string) => void;

/** Sets modes in a tree. Links have no mode and are skipped. @throws OperationError FILE_SYMLINK_REFUSED, … */
export async function setFileMode(host: Host, request: SetFileModeRequest, signal: AbortSignal): Promise<number> {
  if (request.mode > 0o7777)
    throw new OperationError('INVALID_ARGUMENT', 'mode must only have permission bits (at most 07777).');
  return await changeTree(host, request, signal, {
    links: false,
    change: (folder, name) => folder.setMode(name, request.mode),
  });
}

/**
 * Sets owners in a tree. For a link, the owner of the link itself is set. @throws OperationError USER_NOT_FOUND,
 * GROUP_NOT_FOUND, …
 */
export async function setFileOwner(host: Host, request: SetFileOwnerRequest, signal: AbortSignal): Promise<number> {
  const { user, group } = request;
  if (user === undefined && group === undefined)
    throw new OperationError('INVALID_ARGUMENT', 'There is nothing to set: specify user, group or both.');
  const identity = await resolveIdentity(host, {
    user: user ?? '',
    group: group ?? '',
    noSupplementaryGroups: true,
  });
  const uid = user === undefined ? unchanged : identity.uid;
  const gid = group === undefined ? unchanged : identity.gid;
  return await changeTree(host, request, signal, {
    links: true,
    change: (folder, name) => folder.setOwner(name, uid, gid),
  });
}

async function changeTree(
  host: Host,
  { path, recursive, noSymlinks }: Pick<SetFileModeRequest, 'path' | 'recursive' | 'noSymlinks'>,
  signal: AbortSignal,
  { links, change }: { readonly links: boolean; readonly change: Change },
): Promise<number> {
  const place = openParent(host, path, { noSymlinks });
  try {
    const stat = namePath(place.path, () => place.folder.stat(place.name));
    if (stat.type === 'symlink' && !links)
      throw new OperationError('FILE_SYMLINK_REFUSED', `${place.path} is a symbolic link, which has no mode.`);
    namePath(place.path, () => change(place.folder, place.name));
    if (stat.type !== 'directory' || !recursive) return 1;
    return 1 + (await changeInside({ host, signal, links, change }, place.folder, place.name, 1));
  } finally {
    place.folder.close();
  }
}

interface Walk {
  readonly host: Host;
  readonly signal: AbortSignal;
  readonly links: boolean;
  readonly change: Change;
}

async function changeInside(walk: Walk, parent: DirectoryHandle, name: string, depth: number): Promise<number> {
  if (depth > maxDepth)
    throw new OperationError('INVALID_ARGUMENT', `Directories are nested more than ${maxDepth} levels deep.`);
  const folder = parent.openDirectory(name);
  let changed = 0;
  try {
    for (let entries = folder.readEntries(); entries.length > 0; entries = folder.readEntries()) {
      for (const entry of entries) {
        changed += await changeEntry(walk, folder, entry.name, depth);
      }
      await yieldToLoop(walk.host, walk.signal);
    }
  } finally {
    folder.close();
  }
  return changed;
}

async function changeEntry(walk: Walk, folder: DirectoryHandle, name: string, depth: number): Promise<number> {
  try {
    const { type } = folder.stat(name);
    if (type === 'symlink' && !walk.links) return 0;
    walk.change(folder, name);
    return type === 'directory' ? 1 + (await changeInside(walk, folder, name, depth + 1)) : 1;
  } catch (error) {
    // Removed meanwhile: no change is needed.
    if (hasErrno(error, 'ENOENT')) return 0;
    throw error;
  }
}
