/** Errors that every further entry would meet too, or that say nothing about the entry. */
const general: ReadonlySet<string> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'EBADF',
  'ENOTCONN',
]);

/** Whether this error of the file system ends the unpacking of an archive; after others the next entries can follow. */
export function endsCopy(errno: string): boolean {
  return general.has(errno);
}
