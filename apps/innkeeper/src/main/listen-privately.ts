import { lstat, rm } from 'node:fs/promises';
import { OperationError } from '@innkeeper/contract';
import { isMissing } from '../node/data/unfinished.ts';

/** Listens on a unix socket whose file only this user can open from the start. Removes the socket of a dead daemon. */
export async function listenPrivately(path: string, listen: () => Promise<unknown>): Promise<void> {
  await removeDeadSocket(path);
  const before = process.umask(0o177);
  try {
    await listen();
  } finally {
    process.umask(before);
  }
}

/** Refuses to remove anything but a socket. Fails with DATA_FOLDER_UNUSABLE. */
async function removeDeadSocket(path: string): Promise<void> {
  try {
    if (!(await lstat(path)).isSocket())
      throw new OperationError('DATA_FOLDER_UNUSABLE', `${path} exists and is not a socket.`, {
        nextStep: 'Move it away.',
      });
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  await rm(path, { force: true });
}
