import { connect, type OnReadOpts, type Socket } from 'node:net';

export interface ConnectOptions {
  readonly signal?: AbortSignal | undefined;
  /** Reads into one buffer again and again, instead of a new one each time. */
  readonly onread?: OnReadOpts | undefined;
}

/**
 * Connects to a unix socket. Rejects with the system's error (ENOENT, ECONNREFUSED, EAGAIN when the backlog is full)
 * or the signal's reason. "Connected" does not mean served: QEMU takes one client at a time and lets others wait.
 */
export async function connectUnixSocket(path: string, options: ConnectOptions = {}): Promise<Socket> {
  const { signal } = options;
  signal?.throwIfAborted();
  const socket = connect(options.onread === undefined ? { path } : { path, onread: options.onread });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => reject(signal?.reason);
  socket.once('connect', resolve);
  socket.once('error', reject);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await promise;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  socket.off('error', reject);
  // From here on errors end in 'close', which every user of the socket listens to; without a listener they would throw.
  socket.on('error', () => undefined);
  return socket;
}
