import { connect, type OnReadOpts, type Socket } from 'node:net';
import { orAborted } from '@innkeeper/kit';

export interface ConnectOptions {
  readonly signal?: AbortSignal | undefined;
  /** Reads into one reused buffer instead of a new one each time. */
  readonly onread?: OnReadOpts | undefined;
}

/**
 * Connects to a unix socket. Rejects with the system's error (ENOENT, ECONNREFUSED, EAGAIN if the backlog is full) or
 * the signal's reason. A connection does not mean that it is served: QEMU accepts one client at a time and lets others
 * wait.
 */
export async function connectUnixSocket(path: string, options: ConnectOptions = {}): Promise<Socket> {
  const { signal } = options;
  signal?.throwIfAborted();
  const socket = connect(options.onread === undefined ? { path } : { path, onread: options.onread });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.once('connect', resolve);
  socket.once('error', reject);
  try {
    await orAborted(promise, signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.off('error', reject);
  // From here on errors end in 'close', which every user of the socket listens to; without a listener they would throw.
  socket.on('error', () => undefined);
  return socket;
}
