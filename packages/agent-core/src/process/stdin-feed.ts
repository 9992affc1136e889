import { OperationError } from '@innkeeper/contract/errors';
import type { StdinPipe } from '../host.ts';
import { hasErrno } from '../host-error.ts';

/** Bytes that wait for the process to read; then the caller waits. */
const maxQueuedBytes = 64 * 1024;
/** EOT: what a terminal takes for the end of input at the start of a line. */
const endOfTransmission = 4;
const newline = 10;

/** Feeds a process's standard input in order, at the speed of the process. */
export class StdinFeed {
  readonly #pipe: StdinPipe;
  readonly #isTerminal: boolean;
  /** Called when the process's pipe has taken more. */
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

  constructor(pipe: StdinPipe, isTerminal: boolean) {
    this.#pipe = pipe;
    this.#isTerminal = isTerminal;
  }

  /** Where a writer goes on: all before it is here. */
  get receivedOffset(): number {
    return this.#received;
  }

  /** What the process's pipe has taken. */
  get acceptedOffset(): number {
    return this.#accepted;
  }

  /**
   * Takes bytes at a position; what is here already is skipped. Resolves when they are queued.
   * @throws OperationError STDIN_GAP, STDIN_CLOSED
   */
  async take(offset: number, data: Uint8Array, end: boolean): Promise<void> {
    if (offset > this.#received)
      throw new OperationError('STDIN_GAP', `Input at ${offset}, and ${this.#received} is next.`);
    const fresh = data.subarray(Math.min(data.length, this.#received - offset));
    if (fresh.length > 0) {
      if (this.#ended) throw new OperationError('STDIN_CLOSED', 'Standard input was closed before.');
      this.#received += fresh.length;
      this.#atLineStart = fresh.at(-1) === newline;
      // A program that no longer reads its input is not disturbed by more of it.
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

  /** In the middle of a line the first EOT only hands over what there is of it (termios(3), VEOF). */
  #endTerminal(): void {
    this.#enqueue(new Uint8Array(this.#atLineStart ? 1 : 2).fill(endOfTransmission));
  }

  /** The process is gone. */
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

  /** undefined when the process closed its end. */
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
