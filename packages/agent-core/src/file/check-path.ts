import { OperationError } from '@innkeeper/contract/errors';

/** PATH_MAX of Linux. */
const maxPathBytes = 4096;

/** @throws OperationError INVALID_PATH unless it is absolute, without NUL and "..", and not too long. */
export function checkPath(path: string): string {
  if (!path.startsWith('/')) throw new OperationError('INVALID_PATH', `"${path.slice(0, 100)}" is not absolute.`);
  if (path.includes('\0')) throw new OperationError('INVALID_PATH', 'The path has a NUL in it.');
  if (path.split('/').includes('..'))
    throw new OperationError('INVALID_PATH', `"${path.slice(0, 100)}" has ".." in it.`);
  if (byteLength(path) > maxPathBytes)
    throw new OperationError('INVALID_PATH', `The path is longer than ${maxPathBytes} bytes.`);
  return path;
}

/** Folder and name of a path. */
export function splitPath(path: string): { folder: string; name: string } {
  const trimmed = path.replace(/\/+$/, '');
  const slash = trimmed.lastIndexOf('/');
  return { folder: slash <= 0 ? '/' : trimmed.slice(0, slash), name: trimmed.slice(slash + 1) };
}

/** As UTF-8: counted only where the number of characters does not tell. */
function byteLength(text: string): number {
  return text.length * 3 <= maxPathBytes ? text.length : new TextEncoder().encode(text).length;
}
