import { lostCode, type OpenSocket, type StreamSocketEvents } from '../core/stream-socket.ts';

/** A connection whose server side is the test. */
export interface FakeSocket {
  readonly path: string;
  readonly events: StreamSocketEvents;
  /** Sent messages; text is parsed as JSON. */
  readonly sent: unknown[];
  isPaused: boolean;
  isClosed: boolean;
}

/** WebSockets without a network. */
export class FakeSockets {
  readonly sockets: FakeSocket[] = [];

  readonly open: OpenSocket = (path, events) => {
    const socket: FakeSocket = { path, events, sent: [], isPaused: false, isClosed: false };
    this.sockets.push(socket);
    return {
      send: (message) => {
        socket.sent.push(typeof message === 'string' ? JSON.parse(message) : Buffer.from(message).toString());
      },
      pause: () => {
        socket.isPaused = true;
      },
      resume: () => {
        socket.isPaused = false;
      },
      close: () => {
        socket.isClosed = true;
      },
    };
  };

  /** The latest connection. */
  get last(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error('no socket was opened');
    return socket;
  }

  sendText(message: object): void {
    this.last.events.text(JSON.stringify(message));
  }

  sendBytes(text: string): void {
    this.last.events.bytes(new Uint8Array(Buffer.from(text)));
  }

  lose(error?: unknown): void {
    this.last.events.closed(lostCode, error);
  }
}
