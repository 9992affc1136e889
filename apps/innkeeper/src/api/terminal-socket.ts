import { OperationError } from '@innkeeper/contract';
import { kib, onAbort } from '@innkeeper/kit';
import type { WebSocket } from 'ws';
import { findTerminal } from '../node/terminals/find-terminal.ts';
import type { Terminal } from '../node/terminals/terminal.ts';
import { nearestSize } from '../node/terminals/terminal-spec.ts';
import { Viewer } from '../node/terminals/viewer.ts';
import type { ApiContext } from './api-context.ts';
import { SocketSends } from './socket-sends.ts';

/** Maximum typed input that waits for the guest; beyond it, the connection is no longer read. */
const maxWaitingBytes = 64 * kib;

/**
 * Serves a viewer of a terminal, who may type; `?columns=&rows=` is the viewer's size. The terminal keeps running when the
 * viewer disconnects. The messages are documented in docs/protocol/http.md. Resolves when the viewer disconnects or the
 * process ends.
 */
export async function serveTerminal(socket: WebSocket, context: ApiContext): Promise<void> {
  // Messages that arrive early are read once the viewer is authorized.
  socket.pause();
  try {
    await serve(socket, context);
  } finally {
    // Keep reading, to receive the client's part of the closing handshake.
    socket.resume();
  }
}

async function serve(socket: WebSocket, context: ApiContext): Promise<void> {
  const { vm, call, parameters, query, signal, terminals } = context;
  const id = parameters['terminal'] ?? '';
  call.note({ terminal: id.slice(0, 64) });
  const size = nearestSize(Number(query.get('columns')), Number(query.get('rows')));
  const terminal = await findTerminal(terminals, call.caller, vm.id, id);
  await call.begin();
  signal.throwIfAborted();
  const over = Promise.withResolvers<void>();
  const sends = new SocketSends(socket);
  const viewer = new Viewer({
    sendText: (text) => socket.send(text),
    sendBytes: (bytes) => sends.send(bytes),
    get isFull() {
      return sends.isFull;
    },
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    fail: over.reject,
  });
  const input = new ViewerInput(terminal, viewer, { socket, fail: over.reject });
  socket.on('message', (data: Buffer, isBinary) => input.take(data, isBinary));
  const stopWaiting = onAbort(signal, () => over.resolve());
  const stopEnd = terminal.changes.add(() => {
    if (terminal.isEnded) over.resolve();
  });
  let leave = (): void => undefined;
  try {
    if (size !== undefined) await terminal.resize(size.columns, size.rows, viewer);
    leave = await terminal.join(viewer);
    socket.resume();
    if (!signal.aborted && !terminal.isEnded) await over.promise;
    if (terminal.isEnded) socket.close(1000);
  } finally {
    call.note({ typed_bytes: input.typedBytes });
    stopWaiting();
    stopEnd();
    leave();
  }
}

/** Handles a viewer's messages. */
class ViewerInput {
  typedBytes = 0;
  readonly #terminal: Terminal;
  readonly #viewer: Viewer;
  readonly #socket: WebSocket;
  readonly #fail: (error: unknown) => void;
  #waitingBytes = 0;

  constructor(
    terminal: Terminal,
    viewer: Viewer,
    { socket, fail }: { readonly socket: WebSocket; readonly fail: (error: unknown) => void },
  ) {
    this.#terminal = terminal;
    this.#viewer = viewer;
    this.#socket = socket;
    this.#fail = fail;
  }

  take(data: Buffer, isBinary: boolean): void {
    // Handled without waiting in between, so that messages are queued in order.
    const done = isBinary ? this.#type(data) : this.#control(data.toString('utf8'));
    done.catch(this.#fail);
  }

  async #type(data: Buffer): Promise<void> {
    this.typedBytes += data.length;
    this.#waitingBytes += data.length;
    // Output does not wait long for a viewer, so it is fine not to read its acknowledgements meanwhile.
    if (this.#waitingBytes > maxWaitingBytes) this.#socket.pause();
    try {
      await this.#terminal.type(data, this.#viewer);
    } catch (error) {
      // The process ended while input was in flight; the viewer is notified of that end.
      if (!this.#terminal.isEnded && !(error instanceof OperationError && error.reason === 'STDIN_CLOSED')) throw error;
    } finally {
      this.#waitingBytes -= data.length;
      if (this.#waitingBytes <= maxWaitingBytes) this.#socket.resume();
    }
  }

  async #control(text: string): Promise<void> {
    const message = parse(text);
    if (message['type'] === 'ack') await this.#terminal.acknowledge(this.#viewer, count(message['bytes']));
    if (message['type'] === 'resize') {
      const size = nearestSize(Number(message['columns']), Number(message['rows']));
      if (size !== undefined) await this.#terminal.resize(size.columns, size.rows, this.#viewer);
    }
  }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const message: unknown = JSON.parse(text);
    if (typeof message === 'object' && message !== null) return message as Record<string, unknown>;
  } catch {
    // Rejected below, like any text that is not a JSON object.
  }
  throw new OperationError('INVALID_ARGUMENT', 'Malformed message.');
}

function count(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new OperationError('INVALID_ARGUMENT', 'An ack must have a number of bytes.');
}
