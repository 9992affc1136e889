import { OperationError } from '@innkeeper/contract/errors';
import { checkPath } from '../file/check-path.ts';
import type { DirectoryHandle, Host } from '../host.ts';
import { HostError, isHostError } from '../host-error.ts';

/** The path without "." and doubled slashes. @throws OperationError INVALID_PATH */
export function normalPath(path: string): string {
  const parts = checkPath(path)
    .split('/')
    .filter((part) => part !== '' && part !== '.');
  return `/${parts.join('/')}`;
}

/** A path as an open directory and a name in it. The caller closes the directory. */
export interface PathInParent {
  readonly folder: DirectoryHandle;
  readonly name: string;
  readonly path: string;
}

/**
 * Opens the parent directory of a path, whose last component is not followed. @throws OperationError INVALID_PATH, for
 * "/" too; HostError
 */
export function openParent(host: Host, path: string, { noSymlinks }: { readonly noSymlinks: boolean }): PathInParent {
  const normal = normalPath(path);
  const slash = normal.lastIndexOf('/');
  const name = normal.slice(slash + 1);
  if (name === '') throw new OperationError('INVALID_PATH', 'The root directory cannot be moved, removed or changed.');
  const folder = host.files.openDirectory(slash === 0 ? '/' : normal.slice(0, slash), { noSymlinks });
  return { folder, name, path: normal };
}

/** Replaces the path in HostErrors of `work`, which only know the last component, by the whole path. */
export function namePath<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw isHostError(error) ? new HostError(error.errno, error.call, path) : error;
  }
}
