import type { ExecSession } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import type { ExecRequest, Stdin } from '@innkeeper/contract/agent';
import { createDeferred, mib } from '@innkeeper/kit';

/** Maximum waiting input; beyond it, the client's connection is no longer read. */
const pauseBytes = mib;
/** Maximum while the connection must be read because output waits for acknowledgements. */
const maxBytes = 16 * mib;

/** Forwards a client's input to a process, in order and with limited buffering. */
export class ExecInput {
  readonly #session: ExecSession;
  readonly #onFailure: (error: unknown) => void;
  readonly #started = createDeferred<void>();
  #position = 0;
  #waitingBytes = 0;
  #last: Promise<void> = this.#started.promise;

  constructor(session: ExecSession, onFailure: (error: unknown) => void) {
    this.#session = session;
    this.#onFailure = onFailure;
  }

  /** Whether too much input is waiting to read more. */
  get isFull(): boolean {
    return this.#waitingBytes > pauseBytes;
  }

  /** Sets the offset up to which the process has input, perhaps from an earlier client. No input is sent before this. */
  begin(offset: number): void {
    this.#position = offset;
    this.#started.resolve();
  }

  /** Queues a message after the first one. `onTaken` is called when the guest has received it. */
  take(request: ExecRequest, onTaken: () => void): void {
    const { input } = request;
    const bytes = input.case === 'stdin' ? input.value.data.length : 0;
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > maxBytes) {
      this.#onFailure(new OperationError('SLOW_READER', 'Input arrives faster than the process reads it.'));
      return;
    }
    this.#last = this.#last
      .then(() => this.#apply(input))
      .catch(this.#onFailure)
      .finally(() => {
        this.#waitingBytes -= bytes;
        onTaken();
      });
  }

  async #apply(input: ExecRequest['input']): Promise<void> {
    switch (input.case) {
      case 'stdin':
        return await this.#write(input.value);
      case 'resize':
        return await this.#session.resize(input.value.columns, input.value.rows);
      case 'signal':
        return await this.#session.signal(input.value);
      default:
        throw new OperationError('INVALID_ARGUMENT', '"start" and "attach" are only allowed in the first message.');
    }
  }

  /** Skips input that the process already has, after a client reconnected. */
  async #write({ offset, data, end }: Stdin): Promise<void> {
    const start = Number(offset);
    if (start > this.#position) {
      throw new OperationError('STDIN_GAP', `Input at offset ${start} arrived; the next offset is ${this.#position}.`);
    }
    const fresh = data.subarray(Math.min(this.#position - start, data.length));
    this.#position += fresh.length;
    if (fresh.length > 0) await this.#session.writeStdin(fresh);
    if (end) await this.#session.endStdin();
  }
}
