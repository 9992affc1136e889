import { connect, type Socket } from 'node:net';
import { connectUnixSocket } from '../process/unix-socket.ts';

/** How a client begins: it asks, and then reads the answer. */
const requestStart = /^(GET|HEAD|POST|PUT|OPTIONS) \//;

export interface GuestPortRelayOptions {
  /** QEMU's end: the character device that `guestfwd` connects the guest's TCP connections to. */
  readonly socketPath: string;
  /** The daemon's port for guests, on the host's loopback. */
  readonly port: number;
}

/**
 * Connects a guest on QEMU's restricted user network to the daemon's port for guests, and to nothing else: QEMU may start
 * no programs and open no connections for that, so the daemon does it.
 *
 * QEMU passes the bytes of all connections of the guest as one stream, without their beginnings and ends. So one request
 * is answered at a time; a request that begins while an answer is on its way is of a client after one that left.
 */
export class GuestPortRelay implements Disposable {
  readonly #guest: Socket;
  readonly #port: number;
  #server: Socket | undefined;
  #isAnswering = false;

  private constructor(guest: Socket, port: number) {
    this.#guest = guest;
    this.#port = port;
    guest.on('data', (bytes: Buffer) => this.#pass(bytes));
    // As long as nobody reads in the guest, nothing more is read from the daemon.
    guest.on('drain', () => this.#server?.resume());
    guest.once('close', () => this.#server?.destroy());
  }

  /** Rejects with the system's error, such as ENOENT for a QEMU that an older daemon started. */
  static async open({ socketPath, port }: GuestPortRelayOptions): Promise<GuestPortRelay> {
    return new GuestPortRelay(await connectUnixSocket(socketPath), port);
  }

  [Symbol.dispose](): void {
    this.#guest.destroy();
  }

  #pass(bytes: Buffer): void {
    if (this.#isAnswering && requestStart.test(bytes.subarray(0, 16).toString('latin1'))) this.#leave();
    const server = this.#server ?? this.#connect();
    if (server.write(new Uint8Array(bytes))) return;
    this.#guest.pause();
    server.once('drain', () => this.#guest.resume());
  }

  #leave(): void {
    this.#server?.destroy();
    this.#server = undefined;
    this.#isAnswering = false;
  }

  #connect(): Socket {
    const server = connect({ host: '127.0.0.1', port: this.#port });
    this.#server = server;
    server.on('data', (bytes: Buffer) => {
      if (this.#server !== server) return;
      this.#isAnswering = true;
      if (!this.#guest.write(new Uint8Array(bytes))) server.pause();
    });
    // An error ends in 'close'; the guest's client gives up by its own deadline.
    server.on('error', () => undefined);
    server.once('close', () => {
      this.#guest.resume();
      if (this.#server === server) this.#leave();
    });
    return server;
  }
}
