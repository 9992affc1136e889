import { OperationError } from '@innkeeper/contract/errors';
import { checkPath } from '../file/check-path.ts';
import type { DirectoryHandle, Host } from '../host.ts';

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
export function openPlace(host: Host, path: string): Place {
  const normal = normalPath(path);
  const slash = normal.lastIndexOf('/');
  const name = normal.slice(slash + 1);
  if (name === '') throw new OperationError('INVALID_PATH', 'The root folder cannot be moved, removed or changed.');
  const folder = host.files.openDirectory(slash === 0 ? '/' : normal.slice(0, slash), { noSymlinks: false });
  return { folder, name, path: normal };
}
