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

/** A place in the tree: its folder, open, and its name there. The caller closes the folder. */
export interface Place {
  readonly folder: DirectoryHandle;
  readonly name: string;
  readonly path: string;
}

/** Opens the folder of a path, whose last part is not followed. @throws OperationError INVALID_PATH, for "/" too; HostError */
export function openPlace(host: Host, path: string, { noSymlinks }: { readonly noSymlinks: boolean }): Place {
  const normal = normalPath(path);
  const slash = normal.lastIndexOf('/');
  const name = normal.slice(slash + 1);
  if (name === '') throw new OperationError('INVALID_PATH', 'The root folder cannot be moved, removed or changed.');
  const folder = host.files.openDirectory(slash === 0 ? '/' : normal.slice(0, slash), { noSymlinks });
  return { folder, name, path: normal };
}

/** A refusal of the kernel inside names the whole path, where it has but the last part of it. */
export function namePath<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw isHostError(error) ? new HostError(error.errno, error.call, path) : error;
  }
}
