import type { RenameFileRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import type { DirectoryHandle, Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { namePath, openParent } from './normal-path.ts';

/**
 * Moves within one file system. Returns the new path.
 * @throws OperationError INVALID_PATH, FILE_EXISTS, FILE_IS_MOUNT_POINT, FILE_SYMLINK_REFUSED; HostError
 */
export function renameFile(host: Host, { from, to, replace, noSymlinks }: RenameFileRequest): string {
  const source = openParent(host, from, { noSymlinks });
  try {
    const target = openParent(host, to, { noSymlinks });
    try {
      namePath(source.path, () => rename(source, target, replace));
      return target.path;
    } finally {
      target.folder.close();
    }
  } finally {
    source.folder.close();
  }
}

function rename(
  source: { readonly folder: DirectoryHandle; readonly name: string; readonly path: string },
  target: { readonly folder: DirectoryHandle; readonly name: string; readonly path: string },
  replace: boolean,
): void {
  try {
    source.folder.rename(source.name, target.folder, target.name, replace);
  } catch (error) {
    if (hasErrno(error, 'EXDEV', 'EBUSY'))
      throw new OperationError('FILE_IS_MOUNT_POINT', `${source.path} and ${target.path} are not on one file system.`);
    if (!replace && hasErrno(error, 'EEXIST'))
      throw new OperationError('FILE_EXISTS', `${target.path} already exists.`);
    // File systems without RENAME_NOREPLACE, and kernels without renameat2.
    if (replace || !hasErrno(error, 'EINVAL', 'ENOSYS') || exists(target)) throw error;
    source.folder.rename(source.name, target.folder, target.name, true);
  }
}

function exists({ folder, name }: { readonly folder: DirectoryHandle; readonly name: string }): boolean {
  try {
    folder.stat(name);
    return true;
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
