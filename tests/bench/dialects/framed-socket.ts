import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Frames of a length of four bytes and a body, in both directions, on a unix socket. */
export class FramedSocket implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #onFrame: (body: Buffer) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;

  private constructor(socket: Socket, onFrame: (body: Buffer) => void) {
    this.#socket = socket;
    this.#onFrame = onFrame;
    socket.on('data', (piece: Buffer) => this.#take(piece));
  }

  static async open(path: string, onFrame: (body: Buffer) => void): Promise<FramedSocket> {
    const socket = connect(path);
    await once(socket, 'connect');
    return new FramedSocket(socket, onFrame);
  }

  write(body: Uint8Array): void {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(body.length);
    this.#socket.write(head);
    this.#socket.write(body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    if (!this.#socket.closed) await once(this.#socket, 'close');
  }

  /** Pieces are joined when a frame is whole, so that a long one costs one copy. */
  #take(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    while (this.#bytes >= 4) {
      const first = this.#pieces[0] ?? piece;
      if (first.length < 4) this.#pieces = [Buffer.concat(this.#pieces)];
      const end = 4 + (this.#pieces[0] ?? piece).readUInt32BE();
      if (this.#bytes < end) return;
      const whole = this.#pieces.length === 1 ? (this.#pieces[0] ?? piece) : Buffer.concat(this.#pieces);
      this.#bytes -= end;
      this.#pieces = this.#bytes === 0 ? [] : [whole.subarray(end)];
      this.#onFrame(whole.subarray(4, end));
    }
  }
}
