import type { OperationError } from '@innkeeper/contract/errors';
import { vmUrl } from './addresses.ts';
import { fromSocketMessage } from './errors.ts';
import { type ConnectionEvent, SocketStream } from './socket-stream.ts';
import type { OpenSocket } from './stream-socket.ts';

export type ConsoleEvent =
  /** The kept history, then live output. After a reconnect the history is sent again. */
  | { readonly type: 'output'; readonly data: Uint8Array }
  /** The writer changed; null: there is none, and the first viewer to type becomes the writer. */
  | { readonly type: 'writer'; readonly name: string | null; readonly you: boolean }
  /** The input was rejected because another viewer is the writer. */
  | { readonly type: 'refused'; readonly error: OperationError }
  | ConnectionEvent;

export interface OpenConsoleOptions {
  /** Asks to become the writer if there is none. */
  readonly writer?: boolean | undefined;
  /** Detaches. */
  readonly signal?: AbortSignal | undefined;
}

/** An open serial console of a VM. */
export interface ConsoleStream extends AsyncIterable<ConsoleEvent> {
  /** Sends input, as bytes or text. Input is dropped while the connection is lost. */
  write(data: Uint8Array | string): void;
  /** Takes over writing from the current writer. */
  take(): void;
  /** Releases the writer role. */
  release(): void;
  close(): void;
}

/**
 * Opens the stream, which ends when the VM does. Reconnects for up to 60 s after a connection loss. The iteration
 * rejects with OperationError: VM_NOT_RUNNING, DAEMON_UNREACHABLE, or CANCELED after `close` or an abort.
 */
export function openConsoleStream(open: OpenSocket, vm: string, options: OpenConsoleOptions = {}): ConsoleStream {
  const stream = new SocketStream<ConsoleEvent>({
    open,
    signal: options.signal,
    path: () => consoleUrl(vm, options.writer === true),
    onBytes: (data) => ({ type: 'output', data }),
    onText: readConsoleMessage,
  });
  const send = (type: string): void => stream.send(JSON.stringify({ type }));
  return {
    [Symbol.asyncIterator]: () => stream.events(() => undefined),
    write: (data) => stream.send(typeof data === 'string' ? new TextEncoder().encode(data) : data),
    take: () => send('take'),
    release: () => send('release'),
    close: () => stream.close(),
  };
}

/** The path of a console's WebSocket; `writer` asks to become the writer if there is none. */
export function consoleUrl(vm: string, writer: boolean): string {
  return `${vmUrl(vm)}/console${writer ? '?writer=1' : ''}`;
}

/** Returns undefined for a message without an event. @throws OperationError that the daemon reported */
export function readConsoleMessage(message: Readonly<Record<string, unknown>>): ConsoleEvent | undefined {
  const { type, name, you } = message;
  if (type === 'writer') return { type, name: typeof name === 'string' ? name : null, you: you === true };
  if (type !== 'error') return undefined;
  const error = fromSocketMessage(message);
  if (error.reason !== 'CONSOLE_NOT_WRITER') throw error;
  return { type: 'refused', error };
}
