import { Notifier } from '@innkeeper/kit';
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
  readonly #taken = new Notifier();

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
      this.#taken.notify();
      onSent?.();
    });
  }

  /** Resolves when another message may be sent; rejects with the signal's reason. */
  room(signal: AbortSignal): Promise<void> {
    return this.#taken.until(() => !this.isFull, signal);
  }
}
