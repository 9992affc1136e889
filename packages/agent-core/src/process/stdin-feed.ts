import { OperationError } from '@innkeeper/contract/errors';
import type { StdinPipe } from '../host.ts';
import { hasErrno } from '../host-error.ts';

/** Maximum bytes queued for the process; beyond it the caller waits. */
const maxQueuedBytes = 64 * 1024;
/** EOT: ends a terminal's input at the start of a line. */
const endOfTransmission = 4;
const newline = 10;

/** The state of a feed without its queue. */
export interface StdinState {
  readonly received: number;
  readonly accepted: number;
  readonly ended: boolean;
  readonly atLineStart: boolean;
  readonly broken: boolean;
  readonly isTerminal: boolean;
}

/** Feeds a process's standard input in order, at the speed of the process. */
export class StdinFeed {
  readonly #pipe: StdinPipe;
  readonly #isTerminal: boolean;
  /** Called when the process's pipe has accepted more. */
  onAccepted: (() => void) | undefined;
  readonly #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #received = 0;
  #accepted = 0;
  #ended = false;
  #atLineStart = true;
  #broken = false;
  #waitingForPipe = false;
  #room: (() => void)[] = [];

  /** @param resumed what an earlier program has handed over, and the bytes that it had queued */
  constructor(pipe: StdinPipe, isTerminal: boolean, resumed?: StdinState, queued?: Uint8Array) {
    this.#pipe = pipe;
    this.#isTerminal = isTerminal;
    if (resumed === undefined) return;
    const { received, accepted, ended, atLineStart, broken } = resumed;
    this.#received = received;
    this.#accepted = accepted;
    this.#ended = ended;
    this.#atLineStart = atLineStart;
    this.#broken = broken;
    if (queued === undefined || queued.length === 0) return;
    this.#queue.push(queued);
    this.#queuedBytes = queued.length;
  }

  /** For the next program of this process. */
  handOver(): { readonly state: StdinState; readonly queued: Uint8Array } {
    const queued = new Uint8Array(this.#queuedBytes);
    let at = 0;
    for (const bytes of this.#queue) {
      queued.set(bytes, at);
      at += bytes.length;
    }
    const [received, accepted, ended] = [this.#received, this.#accepted, this.#ended];
    const [atLineStart, broken] = [this.#atLineStart, this.#broken];
    return { state: { received, accepted, ended, atLineStart, broken, isTerminal: this.#isTerminal }, queued };
  }

  /** Goes on after a handover. */
  begin(): void {
    this.#pump();
  }

  /** The offset at which a writer continues: everything before it has arrived. */
  get receivedOffset(): number {
    return this.#received;
  }

  /** Bytes that the process's pipe has accepted. */
  get acceptedOffset(): number {
    return this.#accepted;
  }

  /**
   * Accepts bytes at an offset; bytes that already arrived are skipped. Resolves when they are queued.
   * @throws OperationError STDIN_GAP, STDIN_CLOSED
   */
  async take(offset: number, data: Uint8Array, end: boolean): Promise<void> {
    if (offset > this.#received)
      throw new OperationError('STDIN_GAP', `Input arrived at offset ${offset}; ${this.#received} was expected.`);
    const fresh = data.subarray(Math.min(data.length, this.#received - offset));
    if (fresh.length > 0) {
      if (this.#ended) throw new OperationError('STDIN_CLOSED', 'Standard input was already closed.');
      this.#received += fresh.length;
      this.#atLineStart = fresh.at(-1) === newline;
      // Input for a program that no longer reads it is ignored.
      if (this.#broken) this.#dropQueue();
      else this.#enqueue(fresh.slice());
      while (this.#queuedBytes > maxQueuedBytes) await new Promise<void>((resolve) => this.#room.push(resolve));
    }
    if (end && !this.#ended) {
      this.#ended = true;
      if (this.#isTerminal && !this.#broken) this.#endTerminal();
      else this.#pump();
    }
  }

  /** In the middle of a line the first EOT only flushes the line (termios(3), VEOF). */
  #endTerminal(): void {
    this.#enqueue(new Uint8Array(this.#atLineStart ? 1 : 2).fill(endOfTransmission));
  }

  /** The process has ended. */
  close(): void {
    this.#broken = true;
    this.#dropQueue();
    this.#pipe.close();
  }

  #enqueue(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#queuedBytes += bytes.length;
    this.#pump();
  }

  #pump(): void {
    while (!this.#waitingForPipe && !this.#broken) {
      const [first] = this.#queue;
      if (first === undefined) break;
      const count = this.#writeSome(first);
      if (count === undefined) return;
      this.#accepted = Math.min(this.#accepted + count, this.#received);
      this.#queuedBytes -= count;
      if (count < first.length) {
        this.#queue[0] = first.subarray(count);
        this.#waitingForPipe = true;
        this.#pipe.onceWritable(() => {
          this.#waitingForPipe = false;
          this.#pump();
        });
      } else {
        this.#queue.shift();
      }
      this.onAccepted?.();
      this.#wakeRoom();
    }
    if (this.#ended && this.#queue.length === 0 && !this.#isTerminal) this.#pipe.close();
  }

  /** undefined if the process closed its end. */
  #writeSome(bytes: Uint8Array): number | undefined {
    try {
      return this.#pipe.write(bytes);
    } catch (error) {
      if (!hasErrno(error, 'EPIPE', 'EIO')) throw error;
      this.#broken = true;
      this.#dropQueue();
      return undefined;
    }
  }

  #dropQueue(): void {
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.#accepted = this.#received;
    this.onAccepted?.();
    this.#wakeRoom();
  }

  #wakeRoom(): void {
    for (const wake of this.#room.splice(0)) wake();
  }
}
