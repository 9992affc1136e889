import { HostError, isHostError } from '@innkeeper/agent-core';
import * as host from 'host';

/**
 * Like openat2 with RESOLVE_NO_SYMLINKS, for kernels before 5.6: walks the path component by component. ELOOP at a
 * link.
 */
export function openWithoutSymlinks(path: string, flags: number, mode: number): number {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  const last = parts.pop();
  let directory = host.open('/', host.O_PATH | host.O_DIRECTORY, 0, false);
  try {
    for (const part of parts) {
      const next = host.openAt(directory, part, host.O_PATH | host.O_NOFOLLOW, 0);
      host.close(directory);
      directory = next;
      if ((host.fstat(next).mode & 0o170000) === 0o120000) throw new HostError('ELOOP', 'open', path);
    }
    return last === undefined
      ? host.open('/', flags, mode, false)
      : openLast(directory, last, flags | host.O_NOFOLLOW, mode);
  } finally {
    host.close(directory);
  }
}

/** With O_DIRECTORY the kernel returns ENOTDIR for a link; report ELOOP. */
function openLast(directory: number, name: string, flags: number, mode: number): number {
  try {
    return host.openAt(directory, name, flags, mode);
  } catch (error) {
    const isLink =
      isHostError(error) && error.errno === 'ENOTDIR' && (host.statAt(directory, name).mode & 0o170000) === 0o120000;
    throw isLink ? new HostError('ELOOP', 'open', name) : error;
  }
}
