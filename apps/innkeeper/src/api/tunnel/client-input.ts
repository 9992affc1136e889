import type { MessageInitShape } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract';
import type { ConnectRequestSchema } from '@innkeeper/contract/agent';
import { kib, Notifier } from '@innkeeper/kit';
import type { WebSocket } from 'ws';
import type { TunnelTarget } from './tunnel-target.ts';
import { tunnelWindowBytes } from './tunnel-window.ts';

type Request = MessageInitShape<typeof ConnectRequestSchema>;

/** Below what fits into one frame of the agent's session. */
const pieceBytes = 60 * kib;
/** A client may exceed the window by one message. */
const maxWaitingBytes = 2 * tunnelWindowBytes;
/** Each waiting message has an overhead that its bytes do not include. */
const messageOverhead = 256;

/**
 * A tunnel's client: its bytes, in order, acknowledged when the agent has taken them. The connection is always read, so
 * that a client that leaves is noticed whatever the program in the guest does.
 */
export class ClientInput {
  takenBytes = 0;
  onAcknowledged: ((bytes: number) => void) | undefined;
  readonly #socket: WebSocket;
  readonly #queue: Uint8Array[] = [];
  readonly #arrived = new Notifier();
  #waitingBytes = 0;
  #isEnded = false;

  constructor(socket: WebSocket, fail: (error: unknown) => void) {
    this.#socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      try {
        if (isBinary) this.#push(data);
        else this.#control(JSON.parse(data.toString('utf8')));
      } catch (error) {
        const known = error instanceof OperationError;
        fail(known ? error : new OperationError('INVALID_ARGUMENT', 'Malformed message.', { cause: error }));
      }
    });
  }

  /** The requests of the agent's method, up to the client's end. */
  async *requests(target: TunnelTarget): AsyncGenerator<Request> {
    yield { input: { case: 'open', value: target } };
    for (;;) {
      const data = this.#queue.shift();
      if (data !== undefined) {
        for (let at = 0; at < data.length; at += pieceBytes)
          yield { input: { case: 'data', value: data.subarray(at, at + pieceBytes) } };
        this.#taken(data.length);
      } else if (this.#isEnded) return;
      else await this.#arrived.changed();
    }
  }

  #taken(bytes: number): void {
    this.takenBytes += bytes;
    this.#waitingBytes -= bytes + messageOverhead;
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify({ type: 'ack', bytes }));
  }

  #push(data: Uint8Array): void {
    if (this.#isEnded) throw new OperationError('INVALID_ARGUMENT', 'Data after "end".');
    if (data.length === 0) return;
    this.#queue.push(data);
    this.#waitingBytes += data.length + messageOverhead;
    if (this.#waitingBytes > maxWaitingBytes)
      throw new OperationError('SLOW_READER', 'The client sends more than was acknowledged.');
    this.#arrived.notify();
  }

  #control(message: unknown): void {
    const { type, bytes } = message as { type?: unknown; bytes?: unknown };
    if (type === 'end') {
      this.#isEnded = true;
      this.#arrived.notify();
    } else if (type === 'ack') {
      if (!Number.isSafeInteger(bytes) || Number(bytes) < 0) throw new Error('an ack must have a number of bytes');
      this.onAcknowledged?.(Number(bytes));
    }
  }
}
