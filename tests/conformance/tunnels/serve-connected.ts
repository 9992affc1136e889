import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { type Connection, createAgent, HostError } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { Notifier, silentLog } from '@innkeeper/kit';
import { type ServeApiOptions, type ServedApi, serveApi } from '../../../apps/innkeeper/src/api/testing/serve-api.ts';

const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

/** The API with a VM `one`, whose programs are servers of the test on this machine's loopback. */
export async function serveConnected(options: Partial<ServeApiOptions> = {}): Promise<ServedApi> {
  const guest = new FakeHost({ clock: unrefClock });
  guest.network.connect = async (target) => {
    if ('path' in target) throw new HostError('ENOENT', 'connect', target.path);
    const socket = connect({ host: target.address, port: target.port, allowHalfOpen: true, noDelay: true });
    try {
      await once(socket, 'connect');
    } catch (error) {
      throw new HostError((error as NodeJS.ErrnoException).code ?? 'EIO', 'connect');
    }
    return new NetConnection(socket);
  };
  const agent = createAgent(guest, silentLog);
  const api = await serveApi({
    startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
    ...options,
  });
  await api.createVm('one');
  return api;
}

/** A server of the test, as a program of the guest. Disposing breaks its connections off. */
export class Program implements AsyncDisposable {
  readonly server: Server;
  readonly sockets = new Set<Socket>();

  private constructor(serve: (socket: Socket) => void) {
    this.server = createServer({ allowHalfOpen: true }, (socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
      socket.on('error', () => undefined);
      serve(socket);
    });
  }

  static async start(serve: (socket: Socket) => void): Promise<Program> {
    const program = new Program(serve);
    program.server.listen(0, '127.0.0.1');
    await once(program.server, 'listening');
    return program;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** A port on which nothing listens. */
export async function unusedPort(): Promise<number> {
  const program = await Program.start(() => undefined);
  const { port } = program;
  await program[Symbol.asyncDispose]();
  return port;
}

/** The agent's side of a connection, on a socket of Node. */
class NetConnection implements Connection {
  readonly #socket: Socket;
  readonly #changes = new Notifier();
  #error: unknown;
  #isClosed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    for (const event of ['readable', 'end', 'drain', 'close']) socket.on(event, () => this.#changes.notify());
    socket.on('error', (error) => {
      this.#error = new HostError((error as NodeJS.ErrnoException).code ?? 'EIO', 'read');
      this.#changes.notify();
    });
  }

  read(into: Uint8Array): number | undefined {
    const { readableLength } = this.#socket;
    if (readableLength > 0) {
      const data = this.#socket.read(Math.min(readableLength, into.length)) as Buffer;
      into.set(data);
      return data.length;
    }
    // At the end, only a read of nothing makes the stream emit it.
    this.#socket.read(0);
    if (this.#error !== undefined) throw this.#error;
    return this.#socket.readableEnded || this.#isClosed ? undefined : 0;
  }

  readable(): Promise<void> {
    return this.#changes.until(
      () =>
        this.#isClosed || this.#error !== undefined || this.#socket.readableEnded || this.#socket.readableLength > 0,
    );
  }

  write(bytes: Uint8Array): number {
    if (this.#error !== undefined) throw this.#error;
    if (this.#isClosed || this.#socket.writableNeedDrain) return 0;
    this.#socket.write(Buffer.from(bytes));
    return bytes.length;
  }

  writable(): Promise<void> {
    return this.#changes.until(() => this.#isClosed || this.#error !== undefined || !this.#socket.writableNeedDrain);
  }

  endWriting(): void {
    this.#socket.end();
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.destroy();
    this.#changes.notify();
  }
}
