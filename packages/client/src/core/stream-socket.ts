/** A WebSocket in Node or in a browser, as the streams use it. */
export interface StreamSocket {
  /** Drops the message if the socket is not open. */
  send(message: Uint8Array | string): void;
  /** Stops reading while the consumer is slow, where the platform can. */
  pause(): void;
  resume(): void;
  close(): void;
}

export interface StreamSocketEvents {
  readonly opened: () => void;
  /** `data` is not reused afterwards. */
  readonly bytes: (data: Uint8Array) => void;
  readonly text: (text: string) => void;
  /** Called once, last: closed by the server (1000: end of stream), lost (1006), or never opened, with the error. */
  readonly closed: (code: number, error?: unknown) => void;
}

/** Starts connecting to a path of the daemon. */
export type OpenSocket = (path: string, events: StreamSocketEvents) => StreamSocket;

/** WebSocket close code of a connection that was lost. */
export const lostCode = 1006;
