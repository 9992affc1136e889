import { createServer } from 'node:net';

/**
 * Claims a name for this process: false if another process has it. It is held as the name of a socket, which the kernel
 * releases however the process ends.
 */
export function claimName(name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    server.listen(`\0${name}`, () => resolve(true)).unref();
  });
}
