import { type Channel, createDeferred, type Deferred, kib, orAborted } from '@innkeeper/kit';

/** Bytes that one direction holds before its writer waits. */
const pipeBytes = 256 * kib;

/** One direction of a port: bytes in order, bounded, with one reader. */
class Pipe {
  #chunks: Uint8Array[] = [];
  #length = 0;
  #changed: Deferred<void> = createDeferred();

  get length(): number {
    return this.#length;
  }

  /** Resolves at the next change. */
  get changed(): Promise<void> {
    return this.#changed.promise;
  }

  wake(): void {
    const woken = this.#changed;
    this.#changed = createDeferred();
    woken.resolve();
  }

  /** Accepts as many bytes as fit and returns the count. */
  put(bytes: Uint8Array): number {
    const count = Math.min(pipeBytes - this.#length, bytes.length);
    if (count === 0) return 0;
    // Not `slice`: a Buffer's slice is not a copy.
    this.#chunks.push(new Uint8Array(bytes.subarray(0, count)));
    this.#length += count;
    this.wake();
    return count;
  }

  take(): Uint8Array | undefined {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return undefined;
    this.#length -= chunk.length;
    this.wake();
    return chunk;
  }

  /** Keeps the first `count` bytes and drops the rest. */
  cut(count: number): void {
    const kept: Uint8Array[] = [];
    let room = count;
    for (const chunk of this.#chunks) {
      if (room === 0) break;
      kept.push(chunk.subarray(0, room));
      room -= Math.min(room, chunk.length);
    }
    this.#chunks = kept;
    this.#length = count - room;
    this.wake();
  }
}

/** A paused VM: while this is true, the guest's side makes no progress. */
export interface PauseGate {
  readonly paused: boolean;
  /** Resolves when the guest is running. */
  whenRunning(): Promise<void>;
}

/** Bytes from a leaving host that the guest can still read; the rest is lost, as with QEMU. */
const keptOnLeaveBytes = 4 * kib;

/**
 * A virtio-serial port that behaves like a real one: the guest's end exists as long as the guest and never reaches end
 * of file, a guest's write waits while no host is attached, and when the host leaves, what the guest had written and
 * most of what the host had sent is lost.
 */
export class FakePort {
  readonly name: string;
  /** The guest's end. */
  readonly guest: Channel;
  readonly #toGuest = new Pipe();
  readonly #toHost = new Pipe();
  readonly #gate: PauseGate;
  #host: Channel | undefined;
  #powered = true;

  constructor(name: string, gate: PauseGate) {
    this.name = name;
    this.#gate = gate;
    this.guest = this.#createGuestEnd();
  }

  /** Whether a host is attached. */
  get hostAttached(): boolean {
    return this.#host !== undefined;
  }

  /** Opens the host's end; only one can be open. */
  attachHost(): Channel {
    if (this.#host !== undefined) throw new Error(`port ${this.name} is taken`);
    const host = this.#createHostEnd();
    this.#host = host;
    this.#toHost.wake();
    return host;
  }

  /** The guest is gone: both ends reach end of file. */
  powerOff(): void {
    this.#powered = false;
    this.#toGuest.wake();
    this.#toHost.wake();
  }

  #createGuestEnd(): Channel {
    const open = { value: true };
    const guestLives = (): boolean => this.#powered && open.value;
    const ready = async (): Promise<void> => {
      while (this.#gate.paused && guestLives()) await Promise.race([this.#gate.whenRunning(), this.#toGuest.changed]);
    };
    return createEnd({
      name: `virtio:${this.name}`,
      from: this.#toGuest,
      to: this.#toHost,
      isOpen: guestLives,
      isAttached: guestLives,
      readable: ready,
      writable: async () => {
        await ready();
        return this.#host !== undefined;
      },
      close: () => {
        open.value = false;
      },
    });
  }

  #createHostEnd(): Channel {
    const end: Channel = createEnd({
      name: `fake:${this.name}`,
      from: this.#toHost,
      to: this.#toGuest,
      isOpen: () => this.#powered && this.#host === end,
      isAttached: () => this.#host === end,
      readable: async () => undefined,
      writable: async () => true,
      close: () => {
        if (this.#host !== end) return;
        this.#host = undefined;
        this.#toHost.cut(0);
        this.#toGuest.cut(Math.min(keptOnLeaveBytes, this.#toGuest.length));
      },
    });
    return end;
  }
}

interface EndOptions {
  readonly name: string;
  readonly from: Pipe;
  readonly to: Pipe;
  isOpen(): boolean;
  /** Whether this side may still read remaining bytes; can be true after `isOpen` turned false. */
  isAttached(): boolean;
  /** Resolves when this side may read. */
  readable(): Promise<void>;
  /** Whether this side may write now; evaluated again at the next change. */
  writable(): Promise<boolean>;
  close(): void;
}

function createEnd(options: EndOptions): Channel {
  const { from, to } = options;
  let lastWrite: Promise<void> = Promise.resolve();

  const writeAll = async (bytes: Uint8Array): Promise<void> => {
    let rest = bytes;
    while (rest.length > 0) {
      const changed = to.changed;
      const writable = await options.writable();
      if (!options.isOpen()) throw new Error(`${options.name} is closed`);
      const count = writable ? to.put(rest) : 0;
      rest = rest.subarray(count);
      if (rest.length > 0 && count === 0) await changed;
    }
  };

  const close = async (): Promise<void> => {
    options.close();
    from.wake();
    to.wake();
  };

  return {
    name: options.name,
    async read(readOptions) {
      const signal = readOptions?.signal;
      for (;;) {
        signal?.throwIfAborted();
        const changed = from.changed;
        await orAborted(options.readable(), signal);
        const chunk = options.isAttached() ? from.take() : undefined;
        if (chunk !== undefined) return chunk;
        if (!options.isOpen()) return undefined;
        await orAborted(changed, signal);
      }
    },
    write(bytes) {
      const write = lastWrite.then(() => writeAll(bytes));
      // The next write proceeds whatever the result of this one, which is reported to its own caller.
      lastWrite = write.catch(() => undefined);
      return write;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
