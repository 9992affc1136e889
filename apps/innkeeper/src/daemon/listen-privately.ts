import { rm } from 'node:fs/promises';

/** Listens on a unix socket whose file is this user's alone from its first moment. One that a dead daemon left is in the way. */
export async function listenPrivately(path: string, listen: () => Promise<unknown>): Promise<void> {
  await rm(path, { force: true });
  const before = process.umask(0o177);
  try {
    await listen();
  } finally {
    process.umask(before);
  }
}
