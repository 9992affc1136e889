import type { MakeDirectoryRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import type { Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { resolveIdentity } from '../process/accounts.ts';
import { normalPath, openPlace } from './normal-path.ts';

const parentMode = 0o755;

/**
 * Makes a folder; with `parents` those above it too, and one that is there already is success. Gives its path.
 * @throws OperationError INVALID_PATH, FILE_EXISTS, USER_NOT_FOUND, GROUP_NOT_FOUND; HostError
 */
export async function makeDirectory(host: Host, request: MakeDirectoryRequest): Promise<string> {
  const { mode = parentMode, user, group, parents } = request;
  if (mode > 0o7777) throw new OperationError('INVALID_ARGUMENT', 'mode has only permission bits, to 07777.');
  const path = normalPath(request.path);
  const identity =
    user === undefined && group === undefined
      ? undefined
      : await resolveIdentity(host, { user: user ?? '', group: group ?? '', noSupplementaryGroups: true });
  if (parents) makeParents(host, path);
  const { folder, name } = openPlace(host, path);
  try {
    folder.makeDirectory(name, mode);
    if (identity !== undefined)
      folder.setOwner(
        name,
        user === undefined ? -1 : identity.uid,
        group === undefined && user === undefined ? -1 : identity.gid,
      );
    // Making it left out what the umask or the owner's change took away.
    folder.setMode(name, mode);
  } catch (error) {
    const isThere = hasErrno(error, 'EEXIST') && parents && folder.stat(name).type === 'directory';
    if (!isThere) throw error;
  } finally {
    folder.close();
  }
  return path;
}

function makeParents(host: Host, path: string): void {
  const parts = path.split('/').slice(1, -1);
  for (let count = 1; count <= parts.length; count++) {
    try {
      host.files.makeDirectory(`/${parts.slice(0, count).join('/')}`, parentMode);
    } catch (error) {
      if (!hasErrno(error, 'EEXIST')) throw error;
    }
  }
}
