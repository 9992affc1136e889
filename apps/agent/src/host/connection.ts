import type { Connection, ConnectTarget } from '@innkeeper/agent-core';
import { onAbort } from '@innkeeper/kit';
import * as host from 'host';
import { Readiness } from '../channels/readiness.ts';

/** See NetworkPort. */
export async function connect(target: ConnectTarget, signal: AbortSignal): Promise<Connection> {
  signal.throwIfAborted();
  const fd = 'path' in target ? host.connectUnix(target.path) : host.connectTcp(target.address, target.port);
  const connection = new SocketConnection(fd);
  const stopListening = onAbort(signal, () => connection.close());
  try {
    await connection.writable();
    signal.throwIfAborted();
    host.connectResult(fd);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    stopListening();
  }
}

class SocketConnection implements Connection {
  readonly #fd: number;
  readonly #readiness: Readiness;
  #isClosed = false;

  constructor(fd: number) {
    this.#fd = fd;
    this.#readiness = new Readiness(fd, () => this.#readiness.wakeAll());
  }

  read(into: Uint8Array): number | undefined {
    if (this.#isClosed) return undefined;
    const got = host.read(this.#fd, into, 0, into.length, -1);
    return got > 0 ? got : got < 0 ? 0 : undefined;
  }

  async readable(): Promise<void> {
    if (!this.#isClosed) await this.#readiness.readable();
  }

  write(bytes: Uint8Array): number {
    return this.#isClosed ? 0 : host.write(this.#fd, bytes, 0, bytes.length, -1);
  }

  async writable(): Promise<void> {
    if (!this.#isClosed) await this.#readiness.writable();
  }

  endWriting(): void {
    if (!this.#isClosed) host.endWriting(this.#fd);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#readiness.wakeAll();
    host.close(this.#fd);
  }
}
