import { type ExecEvent, type ExecExited, OutputStream } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { onAbort } from '@innkeeper/kit';
import { abortError } from '../abort-error.ts';
import type { ExecOptions, ExecStream } from '../exec.ts';
import { signalNumber } from '../signal-number.ts';
import { type CollectOptions, collectOutput, type ExecResult } from './collect-output.ts';

export interface VmExecOptions {
  /** Given to the command, and ended after it. Default: `write` and `end` give it; without either it waits for input. */
  readonly stdin?: string | Uint8Array | AsyncIterable<string | Uint8Array> | undefined;
  /** Added to PATH, HOME, USER, LOGNAME and SHELL. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Name or number. Default: the agent's own user, root. */
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  /** Absolute. Default: the user's home. */
  readonly cwd?: string | undefined;
  /** Ends it and what it started after so long: TERM, 5 s later KILL. Default: never. */
  readonly timeoutMs?: number | undefined;
  /** Sends TERM to it and what it started, and stops following it. */
  readonly signal?: AbortSignal | undefined;
  /** Told when the agent, or the daemon, is lost and found again meanwhile. */
  readonly onInterruption?: ExecOptions['onInterruption'];
}

/** Output of a command, in order. */
export type VmExecOutput =
  | { readonly type: 'stdout' | 'stderr'; readonly data: Uint8Array }
  /** So many bytes were dropped before they could be read. */
  | { readonly type: 'gap'; readonly bytes: number };

/**
 * A command in a guest. It is read once: by iterating over its output, or by `result` or `text`. Reading is what lets it
 * go on writing. Who leaves the iteration stops following; the command runs on. Rejects with OperationError, such as
 * COMMAND_NOT_FOUND, AGENT_UNREACHABLE; an exit code is a result and no error.
 */
export interface VmExec extends AsyncIterable<VmExecOutput> {
  readonly id: string;
  /** Input; resolves when more may be written. What is written after the end is dropped. */
  write(data: string | Uint8Array): Promise<void>;
  /** No more input follows. */
  end(): void;
  /** A signal by its name or number on Linux, to it and all it started. Default: TERM. */
  kill(signal?: string | number): void;
  /** How it ended; resolves once it has been read to its end. */
  readonly exited: Promise<ExecExited>;
  /** Reads to the end. What is longer than `maxBytes` of each stream (default: 16 MiB) is dropped and said so. */
  result(options?: CollectOptions): Promise<ExecResult>;
  /** Standard output as text. Rejects with INTERNAL, with what it said, unless it exits with 0. */
  text(options?: CollectOptions): Promise<string>;
}

/** Starts a command at once. */
export function vmExec(
  open: (options: ExecOptions) => ExecStream,
  argv: readonly string[],
  options: VmExecOptions,
): VmExec {
  const { stdin, env = {}, user = '', group = '', cwd = '', timeoutMs = 0, onInterruption } = options;
  const spec = { argv: [...argv], environment: { ...env }, user, group, workingDirectory: cwd, timeoutMs, stdin: true };
  return new Exec(open({ start: spec, onInterruption }), stdin, options.signal);
}

class Exec implements VmExec {
  readonly id: string;
  readonly exited: Promise<ExecExited>;
  readonly #stream: ExecStream;
  readonly #events: AsyncIterator<ExecEvent>;
  readonly #untie: () => void;
  readonly #exited = Promise.withResolvers<ExecExited>();
  readonly #broken = Promise.withResolvers<never>();
  #next: Promise<IteratorResult<ExecEvent>> | undefined;
  #hasStarted = false;
  #isBreaking = false;

  constructor(stream: ExecStream, stdin: VmExecOptions['stdin'], signal: AbortSignal | undefined) {
    this.id = stream.id;
    this.#stream = stream;
    this.#events = stream[Symbol.asyncIterator]();
    this.exited = this.#exited.promise;
    // Whoever reads hears of both; these are for who does not.
    this.exited.catch(() => undefined);
    this.#broken.promise.catch(() => undefined);
    this.#untie = onAbort(signal, () => {
      if (signal !== undefined) this.#break(abortError(signal));
    });
    if (stdin !== undefined) this.#feed(stdin).catch((error: unknown) => this.#break(error));
  }

  write(data: string | Uint8Array): Promise<void> {
    return this.#stream.writeStdin(typeof data === 'string' ? new TextEncoder().encode(data) : data);
  }

  end(): void {
    this.#stream.endStdin();
  }

  kill(signal: string | number = 'TERM'): void {
    this.#stream.kill(signalNumber(signal));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<VmExecOutput> {
    try {
      for (;;) {
        const { value, done } = await Promise.race([this.#take(), this.#broken.promise]);
        if (done === true) throw new OperationError('INTERNAL', 'The command was read already.');
        const { event } = value;
        if (event.case === 'gap') yield { type: 'gap', bytes: Number(event.value.bytes) };
        if (event.case === 'output')
          yield { type: event.value.stream === OutputStream.STDERR ? 'stderr' : 'stdout', data: event.value.data };
        if (event.case !== 'exited') continue;
        this.#exited.resolve(event.value);
        return;
      }
    } catch (error) {
      this.#exited.reject(error);
      throw error;
    } finally {
      this.#exited.reject(new OperationError('CANCELED', 'The command is not followed any more.'));
      // One that is being ended is followed until it has started.
      if (!this.#isBreaking) this.#leave();
    }
  }

  result(options: CollectOptions = {}): Promise<ExecResult> {
    return collectOutput(this, options);
  }

  async text(options: CollectOptions = {}): Promise<string> {
    const { exitCode, signal, stdout, stderr } = await this.result(options);
    if (exitCode === 0) return stdout;
    const how = exitCode === undefined ? `was ended by signal ${signal}` : `ended with exit code ${exitCode}`;
    throw new OperationError('INTERNAL', `The command ${how}: ${stderr.trim().slice(-1000)}`);
  }

  /** The reader is told at once; the command is ended, as soon as it is known to have started. */
  #break(error: unknown): void {
    this.#isBreaking = true;
    this.#broken.reject(error);
    this.#exited.reject(error);
    this.#stream.kill(signalNumber('TERM'));
    void this.#endStarted().finally(() => this.#leave());
  }

  async #endStarted(): Promise<void> {
    while (!this.#hasStarted) {
      // It could not be started: there is nothing to end.
      const taken = await this.#take().catch(() => undefined);
      if (taken === undefined || taken.done === true) return;
    }
  }

  /** One event for all who wait for it. */
  #take(): Promise<IteratorResult<ExecEvent>> {
    this.#next ??= this.#events.next().then(
      (result) => {
        if (result.done !== true && result.value.event.case === 'started') this.#hasStarted = true;
        this.#next = undefined;
        return result;
      },
      (error: unknown) => {
        this.#next = undefined;
        throw error;
      },
    );
    return this.#next;
  }

  #leave(): void {
    this.#untie();
    this.#stream.close();
  }

  async #feed(stdin: NonNullable<VmExecOptions['stdin']>): Promise<void> {
    if (typeof stdin === 'string' || stdin instanceof Uint8Array) await this.write(stdin);
    else for await (const chunk of stdin) await this.write(chunk);
    this.end();
  }
}
