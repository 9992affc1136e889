import { OperationError } from '@innkeeper/contract/errors';
import type { Host } from '../host.ts';

/**
 * Refuses a write that certainly does not fit. Counts the space free for root, which the agent is; a file system of
 * unknown size is never full.
 * @throws OperationError GUEST_DISK_FULL
 */
export function checkSpace(host: Host, folder: string, neededBytes: number): void {
  if (neededBytes <= 0) return;
  const { totalBytes, freeBytes } = host.files.statVfs(folder);
  if (totalBytes > 0 && neededBytes > freeBytes)
    throw new OperationError('GUEST_DISK_FULL', `${neededBytes} bytes are needed, and only ${freeBytes} are free.`);
}
