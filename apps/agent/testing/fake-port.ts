/**
 * Replaces the module `host` in tests of the channels: one virtio-serial port that behaves as with the Linux driver and
 * QEMU, an event loop that is run by hand, and time that is advanced by hand.
 */
import { settle } from '@innkeeper/agent-core/fake';

const IN = 1;
const OUT = 2;
const HANG_UP = 4;
const SIGIO = 29;

interface Watch {
  events: number;
  readonly callback: (events: number) => void;
}

/** More turns than this without becoming idle: something loops. */
const maxTurns = 200;

class FakePort {
  /** Whether the VM has the port, and its name. */
  name: string | undefined = 'org.innkeeper.agent.0';
  guestOpen = false;
  hostConnected = false;
  /** Bytes that the host received. */
  received = '';
  /** Bytes that the host's side accepts; it reads no more. */
  room = Number.POSITIVE_INFINITY;
  /** Errors thrown by the next calls of read. */
  readonly failures: string[] = [];
  opened = 0;
  nowMs = 0;
  #waiting: Uint8Array[] = [];
  #input: Uint8Array[] = [];
  #signalPending = false;
  #onSignal: ((signal: number) => void) | undefined;
  #lastId = 0;
  readonly watches = new Map<number, Watch>();
  readonly timers = new Map<number, { readonly atMs: number; readonly callback: () => void }>();

  reset(): void {
    const onSignal = this.#onSignal;
    Object.assign(this, new FakePort());
    this.#onSignal = onSignal;
    this.#waiting = [];
    this.#input = [];
    this.#signalPending = false;
    this.watches.clear();
    this.timers.clear();
  }

  hostComes(): void {
    this.hostConnected = true;
    this.#raise();
  }

  /** Data that QEMU has not passed on is lost; data in the guest is not. */
  hostGoes(): void {
    this.hostConnected = false;
    this.#waiting = [];
    this.#raise();
  }

  hostWrites(what: string | Uint8Array): void {
    const bytes = typeof what === 'string' ? new TextEncoder().encode(what) : what;
    if (!this.guestOpen) {
      this.#waiting.push(bytes);
      return;
    }
    this.#input.push(bytes);
    this.#raise();
  }

  hostReads(bytes: number): void {
    this.room += bytes;
  }

  /** Runs the loop until it is idle; returns the number of wake-ups. */
  async run(): Promise<number> {
    for (let turns = 0; turns < maxTurns; turns++) {
      await settle();
      if (this.#signalPending) {
        this.#signalPending = false;
        this.#onSignal?.(SIGIO);
        continue;
      }
      const ready = [...this.watches.values()].find(({ events }) => this.#poll() & (events | HANG_UP));
      if (ready === undefined) return turns;
      ready.callback(this.#poll() & (ready.events | HANG_UP));
    }
    throw new Error('The loop does not become idle.');
  }

  /** Advances time; returns the number of timers that fired. */
  async pass(ms: number): Promise<number> {
    const untilMs = this.nowMs + ms;
    for (let fired = 0; ; fired++) {
      await this.run();
      const next = [...this.timers].sort(([, a], [, b]) => a.atMs - b.atMs)[0];
      if (next === undefined || next[1].atMs > untilMs) {
        this.nowMs = untilMs;
        return fired;
      }
      this.nowMs = next[1].atMs;
      this.timers.delete(next[0]);
      next[1].callback();
    }
  }

  openPort(): number {
    if (this.guestOpen) throw hostError('EBUSY');
    this.guestOpen = true;
    this.opened++;
    // Bytes may arrive between open(2) and enabling SIGIO.
    this.#input.push(...this.#waiting.splice(0));
    return 3;
  }

  closePort(): void {
    this.guestOpen = false;
    this.#input = [];
    if (this.watches.size > 0) throw new Error('closed while watched');
  }

  read(into: Uint8Array): number {
    const failure = this.failures.shift();
    if (failure !== undefined) throw hostError(failure);
    const piece = this.#input.shift();
    if (piece === undefined) return this.hostConnected ? -1 : 0;
    into.set(piece);
    return piece.length;
  }

  write(bytes: Uint8Array): number {
    const count = this.hostConnected ? Math.min(this.room, bytes.length) : 0;
    this.received += new TextDecoder().decode(bytes.subarray(0, count));
    this.room -= count;
    return count;
  }

  listen(callback: (signal: number) => void): void {
    this.#onSignal = callback;
  }

  nextId(): number {
    return ++this.#lastId;
  }

  #raise(): void {
    if (this.guestOpen) this.#signalPending = true;
  }

  /** Like the kernel's port_fops_poll. */
  #poll(): number {
    const readable = this.#input.length > 0 || !this.hostConnected ? IN : 0;
    const writable = this.hostConnected && this.room > 0 ? OUT : 0;
    return readable | writable | (this.hostConnected ? 0 : HANG_UP);
  }
}

function hostError(errno: string): Error {
  return Object.assign(new Error(errno), { errno });
}

export const port = new FakePort();

export const openPort = (): number => port.openPort();
export const close = (): void => port.closePort();
export const read = (_fd: number, into: Uint8Array, from: number, count: number): number =>
  port.read(into.subarray(from, from + count));
export const write = (_fd: number, bytes: Uint8Array, from: number, count: number): number =>
  port.write(bytes.subarray(from, from + count));
export const onSignal = (callback: (signal: number) => void): void => port.listen(callback);
export const monotonicMs = (): number => port.nowMs;
export const readDirectory = (): string[] => (port.name === undefined ? [] : ['vport0p1']);
export const readText = (): string => `${port.name ?? ''}\n`;

export function watch(_fd: number, events: number, callback: (events: number) => void): number {
  const slot = port.nextId();
  port.watches.set(slot, { events, callback });
  return slot;
}

export function rewatch(slot: number, events: number): void {
  const found = port.watches.get(slot);
  if (found === undefined) throw new Error('no such watch');
  found.events = events;
}

export function unwatch(slot: number): void {
  port.watches.delete(slot);
}

export function setTimer(delayMs: number, callback: () => void): number {
  const id = port.nextId();
  port.timers.set(id, { atMs: port.nowMs + delayMs, callback });
  return id;
}

export function clearTimer(id: number): void {
  port.timers.delete(id);
}
