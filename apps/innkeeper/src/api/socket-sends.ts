import type { WebSocket } from 'ws';

/**
 * Messages that may wait for a connection which does not take them. A message costs some 500 bytes besides its own, which
 * `bufferedAmount` does not count: a guest that prints byte by byte must not fill the daemon's memory by them.
 */
export const maxWaitingMessages = 2048;

/** Sends on a WebSocket and counts the messages that wait. */
export class SocketSends {
  readonly #socket: WebSocket;
  #waiting = 0;
  readonly #onRoom = new Set<() => void>();

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Whether so many messages wait that no more should follow. */
  get isFull(): boolean {
    return this.#waiting >= maxWaitingMessages;
  }

  /** `onSent` is called when the connection has taken it, or has failed. */
  send(data: string | Uint8Array, onSent?: () => void): void {
    this.#waiting++;
    this.#socket.send(data, () => {
      this.#waiting--;
      for (const wake of this.#onRoom) wake();
      onSent?.();
    });
  }

  /** Resolves when a message may follow; rejects with the signal's reason. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.isFull) {
      signal.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = (): void => resolve();
      this.#onRoom.add(wake);
      signal.addEventListener('abort', wake, { once: true });
      await promise;
      this.#onRoom.delete(wake);
      signal.removeEventListener('abort', wake);
    }
  }
}
