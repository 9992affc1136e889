import { Notifier } from '@innkeeper/kit';
import type { Connection } from '../host.ts';
import { HostError } from '../host-error.ts';

/** One direction of a connection, as the kernel's socket buffer. */
class Half {
  bytes = new Uint8Array(0);
  isEnded = false;
  isUnread = false;
  readonly changes = new Notifier();
  readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  put(bytes: Uint8Array): number {
    if (this.isUnread) throw new HostError('EPIPE', 'write');
    const count = Math.min(bytes.length, this.capacity - this.bytes.length);
    const joined = new Uint8Array(this.bytes.length + count);
    joined.set(this.bytes);
    joined.set(bytes.subarray(0, count), this.bytes.length);
    this.bytes = joined;
    this.changes.notify();
    return count;
  }

  take(into: Uint8Array): number | undefined {
    if (this.bytes.length === 0) return this.isEnded ? undefined : 0;
    const count = Math.min(into.length, this.bytes.length);
    into.set(this.bytes.subarray(0, count));
    this.bytes = this.bytes.slice(count);
    this.changes.notify();
    return count;
  }
}

/** One end of a connection in memory. */
export class FakeConnection implements Connection {
  readonly #in: Half;
  readonly #out: Half;
  #isClosed = false;

  private constructor(input: Half, output: Half) {
    this.#in = input;
    this.#out = output;
  }

  /** The two ends of a connection: the agent's, and the program's. */
  static pair(capacity = 64 * 1024): [FakeConnection, FakeConnection] {
    const [one, two] = [new Half(capacity), new Half(capacity)];
    return [new FakeConnection(one, two), new FakeConnection(two, one)];
  }

  read(into: Uint8Array): number | undefined {
    return this.#isClosed ? undefined : this.#in.take(into);
  }

  readable(): Promise<void> {
    return this.#in.changes.until(() => this.#isClosed || this.#in.isEnded || this.#in.bytes.length > 0);
  }

  write(bytes: Uint8Array): number {
    return this.#isClosed ? 0 : this.#out.put(bytes);
  }

  writable(): Promise<void> {
    const { capacity, changes } = this.#out;
    return changes.until(() => this.#isClosed || this.#out.isUnread || this.#out.bytes.length < capacity);
  }

  endWriting(): void {
    this.#out.isEnded = true;
    this.#out.changes.notify();
  }

  close(): void {
    this.#isClosed = true;
    this.endWriting();
    this.#in.isUnread = true;
    this.#in.changes.notify();
  }

  /** All bytes up to the end, for the program's side. */
  async readAll(): Promise<Uint8Array> {
    const parts: number[] = [];
    const buffer = new Uint8Array(64 * 1024);
    for (;;) {
      await this.readable();
      const count = this.read(buffer);
      if (count === undefined) return Uint8Array.from(parts);
      for (const byte of buffer.subarray(0, count)) parts.push(byte);
    }
  }
}
