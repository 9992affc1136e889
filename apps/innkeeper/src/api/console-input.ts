import { OperationError } from '@innkeeper/contract';
import { mib } from '@innkeeper/kit';
import type { WebSocket } from 'ws';
import type { VmApi } from '../ports/node-api.ts';
import type { ApiContext } from './api-context.ts';
import type { ConsoleViewer, ConsoleWriter } from './console-writer.ts';

/** Maximum input that waits for the guest; beyond it, the connection is no longer read. */
const maxInputBytes = 64 * 1024;
/** While this much is unread, refusals are not sent. */
const maxWaitingBytes = mib;

export interface ConsoleInputOptions {
  readonly console: ReturnType<VmApi['console']>;
  readonly writer: ConsoleWriter;
  readonly viewer: ConsoleViewer;
  readonly context: ApiContext;
}

/** A viewer's messages: typed input, and requests to become the writer or stop being it. */
export class ConsoleInput {
  typedBytes = 0;
  readonly #socket: WebSocket;
  readonly #options: ConsoleInputOptions;
  #waitingBytes = 0;

  constructor(socket: WebSocket, options: ConsoleInputOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  take(data: Buffer, isBinary: boolean): void {
    const { writer, viewer, context } = this.#options;
    if (isBinary) {
      if (writer.claim(viewer)) this.#type(data);
      else this.#refuse();
      return;
    }
    const type = typeOf(data.toString('utf8'));
    if (type === 'take' && writer.name !== null) context.call.note({ taken_from: writer.name });
    if (type === 'take') writer.take(viewer);
    if (type === 'release') writer.release(viewer);
  }

  #type(data: Buffer): void {
    const { console, context } = this.#options;
    this.#waitingBytes += data.length;
    this.typedBytes += data.length;
    if (this.#waitingBytes > maxInputBytes) this.#socket.pause();
    console
      .write(data)
      .catch((error: unknown) => context.log.debug('console.input-lost', { error: String(error) }))
      .finally(() => {
        this.#waitingBytes -= data.length;
        if (this.#waitingBytes <= maxInputBytes) this.#socket.resume();
      });
  }

  /** The viewer stays connected. One that types without reading gets the refusal once it reads. */
  #refuse(): void {
    if (this.#socket.bufferedAmount > maxWaitingBytes) return;
    const { writer } = this.#options;
    const { code, reason, message, nextStep } = new OperationError(
      'CONSOLE_NOT_WRITER',
      `${writer.name} is the writer of this console.`,
    );
    this.#socket.send(JSON.stringify({ type: 'error', code, reason, message, nextStep }));
  }
}

/** Parses a text message; undefined for an unknown message, which is ignored. */
function typeOf(text: string): unknown {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === 'object' && message !== null && 'type' in message ? message.type : undefined;
  } catch {
    // Not JSON.
    return undefined;
  }
}
