import type { ExecSession } from '@innkeeper/agent-client';
import { OperationError } from '@innkeeper/contract';
import type { ExecRequest, Stdin } from '@innkeeper/contract/agent';
import { createDeferred, mib } from '@innkeeper/kit';

/** Input that waits before the client's connection is not read any more. */
const pauseBytes = mib;
/** And while it must be read, because acknowledgements come on it too. */
const maxBytes = 16 * mib;

/** Carries a client's input into a process, in order and bounded. */
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

  /** Whether so much waits that no more should be read. */
  get isFull(): boolean {
    return this.#waitingBytes > pauseBytes;
  }

  /** The process has input up to `offset`, from an earlier client perhaps. Nothing goes to it before this. */
  begin(offset: number): void {
    this.#position = offset;
    this.#started.resolve();
  }

  /** Takes a message after the first one. `onTaken` is called when the guest has it. */
  take(request: ExecRequest, onTaken: () => void): void {
    const { input } = request;
    const bytes = input.case === 'stdin' ? input.value.data.length : 0;
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > maxBytes) {
      this.#onFailure(new OperationError('SLOW_READER', 'More input was sent than the process takes.'));
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
        throw new OperationError('INVALID_ARGUMENT', '"start" and "attach" are for the first message alone.');
    }
  }

  /** Input that the process has already, after a client came back, is skipped. */
  async #write({ offset, data, end }: Stdin): Promise<void> {
    const start = Number(offset);
    if (start > this.#position) {
      throw new OperationError('STDIN_GAP', `Input at ${start} came where ${this.#position} was next.`);
    }
    const fresh = data.subarray(Math.min(this.#position - start, data.length));
    this.#position += fresh.length;
    if (fresh.length > 0) await this.#session.writeStdin(fresh);
    if (end) await this.#session.endStdin();
  }
}
