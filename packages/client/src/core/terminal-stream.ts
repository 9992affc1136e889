import { vmUrl } from './addresses.ts';
import { fromSocketMessage } from './errors.ts';
import { type ConnectionEvent, SocketStream } from './socket-stream.ts';
import type { OpenSocket } from './stream-socket.ts';

/** Consumed output is acknowledged in steps of this size, or when everything was consumed. */
const ackStepBytes = 32 * 1024;

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export type TerminalEvent =
  /**
   * The whole screen with its scrollback, to be drawn on a cleared terminal of this size; first, and after each
   * reconnect.
   */
  | ({ readonly type: 'screen'; readonly data: Uint8Array } & TerminalSize)
  | { readonly type: 'output'; readonly data: Uint8Array }
  /** Another viewer resized it. */
  | ({ readonly type: 'size' } & TerminalSize)
  /** The connection to the guest's agent was lost, or is back. */
  | { readonly type: 'agent'; readonly state: 'lost' | 'connected' }
  /** The last event. */
  | { readonly type: 'exited'; readonly code?: number; readonly signal?: number }
  | ConnectionEvent;

export interface OpenTerminalOptions {
  /** The viewer's size, to which the terminal is resized. Default: the terminal keeps its size. */
  readonly size?: TerminalSize | undefined;
  /** Detaches; the terminal keeps running. */
  readonly signal?: AbortSignal | undefined;
}

/** An open terminal. Requesting the next event acknowledges the previous one; without that, output stops. */
export interface TerminalStream extends AsyncIterable<TerminalEvent> {
  /** Sends input, as bytes or text. Input is dropped while the connection is lost. */
  write(data: Uint8Array | string): void;
  resize(columns: number, rows: number): void;
  /** Detaches; the terminal keeps running. */
  close(): void;
}

/**
 * Opens the stream. Reconnects for up to 60 s after a connection loss, and then starts with the screen. The iteration
 * rejects with OperationError: TERMINAL_NOT_FOUND, DAEMON_UNREACHABLE, the error that ended the terminal, or CANCELED
 * after `close` or an abort.
 */
export function openTerminalStream(
  open: OpenSocket,
  vm: string,
  id: string,
  options: OpenTerminalOptions = {},
): TerminalStream {
  let { size } = options;
  const reader = new TerminalReader();
  let taken = 0;
  const stream = new SocketStream<TerminalEvent>({
    open,
    signal: options.signal,
    path: () => {
      reader.begin();
      return terminalUrl(vm, id, size);
    },
    onBytes: (data) => reader.bytes(data),
    onText: (message) => reader.text(message),
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

/** The path of a terminal's WebSocket; with a size, the terminal is resized to it. */
export function terminalUrl(vm: string, id: string, size: TerminalSize | undefined): string {
  const query = size === undefined ? '' : `?columns=${size.columns}&rows=${size.rows}`;
  return `${vmUrl(vm)}/terminals/${encodeURIComponent(id)}${query}`;
}

/** Reads the daemon's messages about a terminal; docs/protocol/http.md describes them. */
export class TerminalReader {
  /** Set when a screen was announced; the next bytes are its content. */
  #screen: TerminalSize | undefined;

  /** Resets for a new connection. */
  begin(): void {
    this.#screen = undefined;
  }

  bytes(data: Uint8Array): TerminalEvent {
    if (this.#screen === undefined) return { type: 'output', data };
    const event = { type: 'screen', ...this.#screen, data } as const;
    this.#screen = undefined;
    return event;
  }

  /** Returns undefined for a message without an event. @throws OperationError that the daemon reported */
  text(message: Readonly<Record<string, unknown>>): TerminalEvent | undefined {
    const { type, state, columns, rows } = message;
    if (type === 'error') throw fromSocketMessage(message);
    if (type === 'screen') this.#screen = { columns: Number(columns), rows: Number(rows) };
    if (type === 'size') return { type, columns: Number(columns), rows: Number(rows) };
    if (type === 'agent') return { type, state: state === 'lost' ? 'lost' : 'connected' };
    return type === 'exited' ? exitedEvent(message) : undefined;
  }
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
