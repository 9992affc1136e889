import { type ConnectionEvent, SocketStream } from './socket-stream.ts';
import type { OpenSocket } from './stream-socket.ts';
import { toldError } from './told-error.ts';

/** Consumed output is acknowledged in steps of this size, or when all was consumed. */
const ackStepBytes = 32 * 1024;

export type TerminalEvent =
  /** The whole screen with what lies above it, for an emptied terminal of this size; the first event, and again after a loss. */
  | { readonly type: 'screen'; readonly columns: number; readonly rows: number; readonly data: Uint8Array }
  | { readonly type: 'output'; readonly data: Uint8Array }
  /** Another viewer resized it. */
  | { readonly type: 'size'; readonly columns: number; readonly rows: number }
  /** The link to the guest's agent broke, or came back. */
  | { readonly type: 'agent'; readonly state: 'lost' | 'connected' }
  /** The last event. */
  | { readonly type: 'exited'; readonly code?: number; readonly signal?: number }
  | ConnectionEvent;

export interface OpenTerminalOptions {
  /** Our size, which becomes the terminal's. Without it, the terminal stays as it is. */
  readonly size?: { readonly columns: number; readonly rows: number } | undefined;
  /** Stops looking; the terminal stays. */
  readonly signal?: AbortSignal | undefined;
}

/** A terminal that is looked at. Taking the next event says that the one before was shown: that lets output go on. */
export interface TerminalStream extends AsyncIterable<TerminalEvent> {
  /** Keys, as bytes or text. What is typed while a connection is lost is dropped. */
  write(data: Uint8Array | string): void;
  resize(columns: number, rows: number): void;
  /** Stops looking; the terminal stays. */
  close(): void;
}

/**
 * Opens the stream. A connection that breaks is made anew for 60 s, and begins with the screen. The iteration rejects with
 * OperationError: TERMINAL_NOT_FOUND, DAEMON_UNREACHABLE, what ended the terminal, or CANCELED after `close` or an abort.
 */
export function openTerminalStream(
  open: OpenSocket,
  vm: string,
  id: string,
  options: OpenTerminalOptions = {},
): TerminalStream {
  let { size } = options;
  let screen: { columns: number; rows: number } | undefined;
  let taken = 0;
  const stream = new SocketStream<TerminalEvent>({
    ...{ open, signal: options.signal },
    path: () => {
      screen = undefined;
      const query = size === undefined ? '' : `?columns=${size.columns}&rows=${size.rows}`;
      return `/v1/vms/${encodeURIComponent(vm)}/terminals/${encodeURIComponent(id)}${query}`;
    },
    onBytes: (data) => {
      if (screen === undefined) return { type: 'output', data };
      const event = { type: 'screen', ...screen, data } as const;
      screen = undefined;
      return event;
    },
    onText: (message) => {
      const { type, columns, rows } = message;
      if (type === 'error') throw toldError(message);
      if (type === 'screen') screen = { columns: Number(columns), rows: Number(rows) };
      if (type === 'size') return { type, columns: Number(columns), rows: Number(rows) };
      if (type === 'agent') return { type, state: message['state'] === 'lost' ? 'lost' : 'connected' };
      return type === 'exited' ? exitedEvent(message) : undefined;
    },
  });
  const onTaken = (event: TerminalEvent, isLast: boolean): void => {
    if (event.type === 'connection') taken = 0;
    if (event.type === 'output') taken += event.data.length;
    if (taken === 0 || (taken < ackStepBytes && !isLast)) return;
    stream.send(JSON.stringify({ type: 'ack', bytes: taken }));
    taken = 0;
  };
  return {
    [Symbol.asyncIterator]: () => untilExited(stream.events(onTaken)),
    write: (data) => stream.send(typeof data === 'string' ? new TextEncoder().encode(data) : data),
    resize: (columns, rows) => {
      size = { columns, rows };
      stream.send(JSON.stringify({ type: 'resize', ...size }));
    },
    close: () => stream.close(),
  };
}

function exitedEvent({ code, signal }: Readonly<Record<string, unknown>>): TerminalEvent {
  return typeof signal === 'number' ? { type: 'exited', signal } : { type: 'exited', code: Number(code) };
}

async function* untilExited(events: AsyncIterable<TerminalEvent>): AsyncGenerator<TerminalEvent> {
  for await (const event of events) {
    yield event;
    if (event.type === 'exited') return;
  }
}
