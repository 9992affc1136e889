import type { OperationError } from '@innkeeper/contract/errors';
import type { MessageQueue } from './message-queue.ts';

/** A WebSocket to a command, and what arrives on it. */
export interface ExecSocket {
  readonly queue: MessageQueue;
  /** Whether it opened; false when it failed instead. */
  readonly opened: Promise<boolean>;
  /** Drops the message where the socket is not open: everything is sent anew after an interruption. */
  send(message: Uint8Array | string): void;
  close(): void;
}

/** `open` runs before anything else is sent; `control` gets the text messages. */
export interface ExecSocketListener {
  readonly open: (socket: ExecSocket) => void;
  readonly control: (text: string, queue: MessageQueue) => void;
}

/** How commands are reached: Node and browsers have one each. */
export interface ExecTransport {
  open(vm: string, on: ExecSocketListener): ExecSocket;
  /** Whether a queue failed because the daemon is not there, or went away. */
  isUnreachable(error: unknown): boolean;
  unreachable(cause: unknown): OperationError;
}
