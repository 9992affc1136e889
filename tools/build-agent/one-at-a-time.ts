import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const lookEveryMs = 200;

/**
 * Waits until no other process works in this folder, and keeps others waiting until this process ends. It is held by the
 * name of a socket, which the kernel releases however the process ends.
 */
export async function oneAtATime(folder: string, onWait: () => void): Promise<void> {
  const name = `\0innkeeper-build-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
  for (let hasWaited = false; !(await claim(name)); hasWaited = true) {
    if (!hasWaited) onWait();
    await delay(lookEveryMs);
  }
}

function claim(name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(name, () => resolve(true)).unref();
  });
}
