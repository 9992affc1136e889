import type { MakeDirectoryRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import type { DirectoryHandle, Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { resolveIdentity } from '../process/accounts.ts';
import { namePath, normalPath, openParent } from './normal-path.ts';

const parentMode = 0o755;

/**
 * Creates a directory and returns its path. With `parents`, also the missing ones above it, and an existing directory
 * is not an error, also through a link unless `noSymlinks`.
 * @throws OperationError INVALID_PATH, FILE_EXISTS, FILE_SYMLINK_REFUSED, USER_NOT_FOUND, GROUP_NOT_FOUND; HostError
 */
export async function makeDirectory(host: Host, request: MakeDirectoryRequest): Promise<string> {
  const { mode = parentMode, user, group, parents, noSymlinks } = request;
  if (mode > 0o7777)
    throw new OperationError('INVALID_ARGUMENT', 'mode must only have permission bits (at most 07777).');
  const path = normalPath(request.path);
  const identity =
    user === undefined && group === undefined
      ? undefined
      : await resolveIdentity(host, { user: user ?? '', group: group ?? '', noSupplementaryGroups: true });
  if (path === '/' && parents) return path;
  if (parents) makeParents(host, path, noSymlinks);
  const { folder, name } = openParent(host, path, { noSymlinks });
  try {
    namePath(path, () => {
      folder.makeDirectory(name, mode);
      if (identity !== undefined) folder.setOwner(name, user === undefined ? -1 : identity.uid, identity.gid);
      // Restores bits that the umask or the change of owner removed.
      folder.setMode(name, mode);
    });
  } catch (error) {
    if (!hasErrno(error, 'EEXIST') || !parents || !isFolder(host, { folder, name, path, noSymlinks })) throw error;
  } finally {
    folder.close();
  }
  return path;
}

interface Target {
  readonly folder: DirectoryHandle;
  readonly name: string;
  readonly path: string;
  readonly noSymlinks: boolean;
}

function isFolder(host: Host, { folder, name, path, noSymlinks }: Target): boolean {
  const { type } = folder.stat(name);
  return (
    type === 'directory' || (type === 'symlink' && !noSymlinks && host.files.stat(path, true).type === 'directory')
  );
}

/** Creates each in its parent, which is opened with the caller's choice for links. */
function makeParents(host: Host, path: string, noSymlinks: boolean): void {
  const parts = path.split('/').slice(1, -1);
  for (const [index, name] of parts.entries()) {
    const above = `/${parts.slice(0, index).join('/')}`;
    const folder = host.files.openDirectory(above, { noSymlinks });
    try {
      namePath(`/${parts.slice(0, index + 1).join('/')}`, () => folder.makeDirectory(name, parentMode));
    } catch (error) {
      if (!hasErrno(error, 'EEXIST')) throw error;
    } finally {
      folder.close();
    }
  }
}
