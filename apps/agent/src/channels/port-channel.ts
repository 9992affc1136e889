import { type Channel, onAbort } from '@innkeeper/kit';
import * as host from 'host';
import { keptChannels } from '../handover/kept-channels.ts';
import { onEverySignal } from '../host/signals.ts';
import { readBuffer, readBufferBytes } from './read-buffer.ts';
import { Readiness } from './readiness.ts';
import { WriteTurns } from './write-turns.ts';

const SIGIO = 29;
/** Milliseconds that reads must return 0 before the host counts as gone. */
const goneAfterMs = 500;

/**
 * A virtio-serial port. While no host is attached, poll reports "hung up" continuously and read returns 0, so the port
 * is then left alone until SIGIO reports a change: no wake-ups. `read` resolves with `undefined` when the host was seen
 * to leave (one that leaves and returns quickly is not noticed), and may be called again for the next host. A single 0 is
 * not enough: a host's first bytes can arrive before the kernel has handled its opening of the port (PORT_OPEN).
 */
export class PortChannel implements Channel {
  readonly name: string;
  readonly #portName: string;
  readonly #fd: number;
  readonly #readiness: Readiness;
  /** Created at the first read with data: most ports never have a host. */
  #buffer: Uint8Array<ArrayBuffer> | undefined;
  readonly #ignoreSignals: () => void;
  #onChange: (() => void)[] = [];
  readonly #turns = new WriteTurns();
  #closed = false;
  #hadHost = false;
  /** While reads return 0: when the host counts as gone. */
  #goneAtMs: number | undefined;

  /**
   * @param open opens another device in its place, such as a serial line
   * @throws HostError EBUSY if another program has the port open, ENOENT and ENODEV if it does not exist.
   */
  constructor(name: string, path: string, open = host.openPort) {
    this.name = `virtio:${name}`;
    this.#portName = name;
    const handed = keptChannels.ports.get(name);
    this.#fd = handed ?? open(path);
    keptChannels.ports.set(name, this.#fd);
    this.#readiness = new Readiness(this.#fd, () => undefined);
    this.#ignoreSignals = onEverySignal(SIGIO, () => this.#wakeSleepers());
  }

  async read(options?: { readonly signal?: AbortSignal | undefined }): Promise<Uint8Array | undefined> {
    const stopListening = onAbort(options?.signal, () => this.#wakeAll());
    try {
      for (;;) {
        options?.signal?.throwIfAborted();
        if (this.#closed) return undefined;
        const shared = readBuffer();
        const got = host.read(this.#fd, shared, 0, readBufferBytes, -1);
        if (got !== 0) this.#isThere();
        if (got > 0) {
          this.#buffer ??= new Uint8Array(readBufferBytes);
          this.#buffer.set(got === readBufferBytes ? shared : shared.subarray(0, got));
          return this.#buffer.subarray(0, got);
        }
        if (got < 0) await this.#readiness.readable();
        else if (await this.#hasGone()) return undefined;
      }
    } finally {
      stopListening();
    }
  }

  /** See DirectChannel. */
  async readEach(take: (bytes: Uint8Array) => boolean, { signal }: { readonly signal: AbortSignal }): Promise<boolean> {
    const stopListening = onAbort(signal, () => this.#wakeAll());
    try {
      for (;;) {
        signal.throwIfAborted();
        if (this.#closed) return false;
        const end = await this.#takeEach(take);
        if (end === 'held') return true;
        if (end === 'nobody' && (await this.#hasGone())) return false;
      }
    } finally {
      stopListening();
    }
  }

  async #takeEach(take: (bytes: Uint8Array) => boolean): Promise<'held' | 'nobody' | 'woken'> {
    const state: { end: 'held' | 'nobody' | 'woken' } = { end: 'woken' };
    await this.#readiness.eachReadable(() => {
      const buffer = readBuffer();
      const got = host.read(this.#fd, buffer, 0, readBufferBytes, -1);
      if (got === 0) state.end = 'nobody';
      else this.#isThere();
      if (got > 0 && !take(buffer.subarray(0, got))) state.end = 'held';
      return state.end === 'woken';
    });
    return state.end;
  }

  /** Writes what fits without waiting; nothing if other writes are waiting. */
  writeNow(bytes: Uint8Array): number {
    return this.#closed || this.#turns.areTaken ? 0 : host.write(this.#fd, bytes, 0, bytes.length, -1);
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#turns.take(() => this.#writeAll(bytes));
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let done = 0;
    for (;;) {
      if (this.#closed) throw new Error(`${this.name} is closed.`);
      done += host.write(this.#fd, bytes, done, bytes.length - done, -1);
      if (done >= bytes.length) return;
      // Full, or no host: the return of a host is not reported as writable, so wait for either event.
      await Promise.race([this.#readiness.writable(), this.#change()]);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#ignoreSignals();
    this.#wakeAll();
    keptChannels.ports.delete(this.#portName);
    host.close(this.#fd);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #isThere(): void {
    this.#hadHost = true;
    this.#goneAtMs = undefined;
  }

  /** After a read of 0: waits for a change; true, once, when the host that was attached is gone. */
  async #hasGone(): Promise<boolean> {
    if (!this.#hadHost) {
      await this.#change();
      return false;
    }
    this.#goneAtMs ??= host.monotonicMs() + goneAfterMs;
    const leftMs = this.#goneAtMs - host.monotonicMs();
    if (leftMs > 0) {
      const timer = host.setTimer(leftMs, () => this.#wakeSleepers());
      await this.#change();
      host.clearTimer(timer);
      return false;
    }
    this.#hadHost = false;
    this.#goneAtMs = undefined;
    return true;
  }

  /** The next SIGIO: a host attached or left, or there is data. */
  #change(): Promise<void> {
    return new Promise((resolve) => this.#onChange.push(resolve));
  }

  #wakeSleepers(): void {
    const sleepers = this.#onChange;
    this.#onChange = [];
    for (const wake of sleepers) wake();
  }

  #wakeAll(): void {
    this.#wakeSleepers();
    this.#readiness.wakeAll();
  }
}
