/** A WebSocket whose server side is the test. */
export class FakeSocket {
  static readonly made: FakeSocket[] = [];
  readonly url: string;
  readonly sent: (string | Uint8Array)[] = [];
  readyState = 0;
  onopen: () => void = () => undefined;
  onmessage: (event: { readonly data: unknown }) => void = () => undefined;
  onclose: (event: { readonly code: number }) => void = () => undefined;

  constructor(url: string) {
    this.url = url;
  }

  /** Passed to browserSockets() by a test. */
  static readonly open = (url: string): WebSocket => {
    const socket = new FakeSocket(url);
    FakeSocket.made.push(socket);
    return socket as unknown as WebSocket;
  };

  /** The socket opened last. */
  static get last(): FakeSocket {
    const socket = FakeSocket.made.at(-1);
    if (socket === undefined) throw new Error('no socket was opened');
    return socket;
  }

  accept(): void {
    this.readyState = 1;
    this.onopen();
  }

  sendText(message: object): void {
    this.onmessage({ data: JSON.stringify(message) });
  }

  sendBytes(text: string): void {
    this.onmessage({ data: new TextEncoder().encode(text).buffer });
  }

  closeWith(code: number): void {
    this.readyState = 3;
    this.onclose({ code });
  }

  send(data: string | Uint8Array): void {
    this.sent.push(data);
  }

  close(): void {
    this.readyState = 3;
  }
}
