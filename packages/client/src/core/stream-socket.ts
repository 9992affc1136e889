/** A WebSocket of Node or of a browser, as the streams over it use it. */
export interface StreamSocket {
  /** Drops the message where the socket is not open. */
  send(message: Uint8Array | string): void;
  /** Stops reading while whoever consumes is slow, where the platform can. */
  pause(): void;
  resume(): void;
  close(): void;
}

export interface StreamSocketEvents {
  readonly opened: () => void;
  /** `data` stays as it is. */
  readonly bytes: (data: Uint8Array) => void;
  readonly text: (text: string) => void;
  /** Once, as the last: closed by the server (1000: all was said), lost (1006), or never opened, with its error. */
  readonly closed: (code: number, error?: unknown) => void;
}

/** Connects to a path of a daemon, at once. */
export type OpenSocket = (path: string, events: StreamSocketEvents) => StreamSocket;

/** Of a connection that broke. */
export const lostCode = 1006;
