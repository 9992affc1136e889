import type { WebSocket } from 'ws';

/**
 * Maximum messages that wait for a slow connection. Each has an overhead of about 500 bytes that `bufferedAmount` does not
 * include, so that a guest that prints single bytes could otherwise fill the daemon's memory.
 */
export const maxWaitingMessages = 2048;

/** Sends on a WebSocket and counts waiting messages. */
export class SocketSends {
  readonly #socket: WebSocket;
  #waiting = 0;
  readonly #onRoom = new Set<() => void>();

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Whether too many messages wait to send more. */
  get isFull(): boolean {
    return this.#waiting >= maxWaitingMessages;
  }

  /** `onSent` is called when the connection has accepted the message, or has failed. */
  send(data: string | Uint8Array, onSent?: () => void): void {
    this.#waiting++;
    this.#socket.send(data, () => {
      this.#waiting--;
      for (const wake of this.#onRoom) wake();
      onSent?.();
    });
  }

  /** Resolves when another message may be sent; rejects with the signal's reason. */
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
