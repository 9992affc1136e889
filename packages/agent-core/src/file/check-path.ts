import { OperationError } from '@innkeeper/contract/errors';

/** Linux's PATH_MAX. */
const maxPathBytes = 4096;

/** @throws OperationError INVALID_PATH unless the path is absolute, free of NUL and "..", and not too long. */
export function checkPath(path: string): string {
  if (!path.startsWith('/'))
    throw new OperationError('INVALID_PATH', `"${path.slice(0, 100)}" is not an absolute path.`);
  if (path.includes('\0')) throw new OperationError('INVALID_PATH', 'The path contains a NUL character.');
  if (path.split('/').includes('..'))
    throw new OperationError('INVALID_PATH', `"${path.slice(0, 100)}" contains "..".`);
  const bytes = byteLength(path);
  if (bytes > maxPathBytes)
    throw new OperationError('INVALID_PATH', `The path has ${bytes} bytes; the maximum is ${maxPathBytes}.`);
  return path;
}

/** Directory and name of a path. */
export function splitPath(path: string): { folder: string; name: string } {
  let end = path.length;
  while (path[end - 1] === '/') end--;
  const trimmed = path.slice(0, end);
  const slash = trimmed.lastIndexOf('/');
  return { folder: slash <= 0 ? '/' : trimmed.slice(0, slash), name: trimmed.slice(slash + 1) };
}

/** Its size in UTF-8 is only computed if the number of characters does not decide. */
function byteLength(text: string): number {
  return text.length * 3 <= maxPathBytes ? text.length : new TextEncoder().encode(text).length;
}
