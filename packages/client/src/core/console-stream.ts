import type { OperationError } from '@innkeeper/contract/errors';
import { vmUrl } from './addresses.ts';
import { fromSocketMessage } from './errors.ts';
import { type ConnectionEvent, SocketStream } from './socket-stream.ts';
import type { OpenSocket } from './stream-socket.ts';

export type ConsoleEvent =
  /** What is kept of the past, then what comes. After a connection came back the past comes again. */
  | { readonly type: 'output'; readonly data: Uint8Array }
  /** Who types changed; null: nobody does, and the first who types will. */
  | { readonly type: 'writer'; readonly name: string | null; readonly you: boolean }
  /** What was typed was not taken, because somebody else types. */
  | { readonly type: 'refused'; readonly error: OperationError }
  | ConnectionEvent;

export interface OpenConsoleOptions {
  /** Asks to be the one who types, if nobody does. */
  readonly writer?: boolean | undefined;
  /** Stops looking. */
  readonly signal?: AbortSignal | undefined;
}

/** A VM's serial console that is looked at. */
export interface ConsoleStream extends AsyncIterable<ConsoleEvent> {
  /** Keys, as bytes or text. What is typed while a connection is lost is dropped. */
  write(data: Uint8Array | string): void;
  /** Becomes the one who types, whoever was it. */
  take(): void;
  /** Gives that up. */
  release(): void;
  close(): void;
}

/**
 * Opens the stream; it ends when the VM does. A connection that breaks is made anew for 60 s. The iteration rejects with
 * OperationError: VM_NOT_RUNNING, DAEMON_UNREACHABLE, or CANCELED after `close` or an abort.
 */
export function openConsoleStream(open: OpenSocket, vm: string, options: OpenConsoleOptions = {}): ConsoleStream {
  const stream = new SocketStream<ConsoleEvent>({
    ...{ open, signal: options.signal },
    path: () => consoleUrl(vm, options.writer === true),
    onBytes: (data) => ({ type: 'output', data }),
    onText: readConsoleMessage,
  });
  const tell = (type: string): void => stream.send(JSON.stringify({ type }));
  return {
    [Symbol.asyncIterator]: () => stream.events(() => undefined),
    write: (data) => stream.send(typeof data === 'string' ? new TextEncoder().encode(data) : data),
    take: () => tell('take'),
    release: () => tell('release'),
    close: () => stream.close(),
  };
}

/** Where a console is looked at; as `writer`, to type on it if nobody does. */
export function consoleUrl(vm: string, writer: boolean): string {
  return `${vmUrl(vm)}/console${writer ? '?writer=1' : ''}`;
}

/** Undefined for what brings no event. @throws OperationError that the daemon reported */
export function readConsoleMessage(message: Readonly<Record<string, unknown>>): ConsoleEvent | undefined {
  const { type, name, you } = message;
  if (type === 'writer') return { type, name: typeof name === 'string' ? name : null, you: you === true };
  if (type !== 'error') return undefined;
  const error = fromSocketMessage(message);
  if (error.reason !== 'CONSOLE_NOT_WRITER') throw error;
  return { type: 'refused', error };
}
