import { OperationError } from '@innkeeper/contract/errors';
import { createDeferred, kib, orAborted, pause } from '@innkeeper/kit';
import type { LinkClock } from '../../clock.ts';
import { lacks } from './refusals.ts';

/** Largest standard input of a command whose dialect sends it with the start. */
const maxInputBytes = 4096 * kib;
/** How long to wait for the first byte or the end of the input, before the command is started without one. */
const firstByteMs = 300;

/**
 * Collects the standard input of a command before it starts, for dialects that send it whole or not at all. Input that
 * comes too late, or that the dialect cannot carry, is an error of the writer, never lost silently.
 */
export class InputCollector {
  readonly #clock: LinkClock;
  readonly #isAccepted: boolean;
  readonly #first = createDeferred<void>();
  readonly #end = createDeferred<void>();
  readonly #pieces: Uint8Array[] = [];
  #bytes = 0;
  #refusal: OperationError | undefined;
  #isOver = false;

  constructor(clock: LinkClock, isAccepted: boolean) {
    this.#clock = clock;
    this.#isAccepted = isAccepted;
    this.#first.promise.catch(() => undefined);
    this.#end.promise.catch(() => undefined);
  }

  add(data: Uint8Array): void {
    if (data.length === 0) return;
    if (this.#isOver)
      throw new OperationError('STDIN_CLOSED', 'The command has started, and its agent takes no later input.', {
        nextStep: 'Give the input from a file or a pipe that delivers it at once, or use --no-stdin.',
      });
    if (!this.#isAccepted) this.#refuse(lacks('The agent cannot pass standard input to a command', 'exec', noInput));
    this.#bytes += data.length;
    if (this.#bytes > maxInputBytes)
      this.#refuse(
        new OperationError('INVALID_ARGUMENT', `This agent takes at most ${maxInputBytes} bytes of standard input.`),
      );
    this.#pieces.push(data.slice());
    this.#first.resolve();
  }

  end(): void {
    this.#first.resolve();
    this.#end.resolve();
  }

  fail(reason: unknown): void {
    this.#isOver = true;
    this.#first.reject(reason);
    this.#end.reject(reason);
  }

  /** The whole input; undefined if none came in time. */
  async collected(signal: AbortSignal): Promise<Uint8Array | undefined> {
    await orAborted(Promise.race([this.#first.promise, pause(this.#clock, firstByteMs, signal)]), signal);
    if (this.#pieces.length > 0) await orAborted(this.#end.promise, signal);
    this.#isOver = true;
    if (this.#refusal !== undefined) throw this.#refusal;
    return this.#pieces.length === 0 ? undefined : Buffer.concat(this.#pieces);
  }

  #refuse(error: OperationError): never {
    this.#refusal = error;
    this.#pieces.length = 0;
    this.end();
    throw error;
  }
}

const noInput = 'Run the command without input: inn exec --no-stdin.';
