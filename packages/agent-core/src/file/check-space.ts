import { OperationError } from '@innkeeper/contract/errors';
import type { Host } from '../host.ts';

/**
 * Refuses what certainly has no room. Counts what is free for root, which the agent is; a file system that does not
 * know its size has room.
 * @throws OperationError GUEST_DISK_FULL
 */
export function checkSpace(host: Host, folder: string, neededBytes: number): void {
  if (neededBytes <= 0) return;
  const { totalBytes, freeBytes } = host.files.statVfs(folder);
  if (totalBytes > 0 && neededBytes > freeBytes)
    throw new OperationError('GUEST_DISK_FULL', `${neededBytes} bytes are to come, and ${freeBytes} are free.`);
}
