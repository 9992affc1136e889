import { type ExecEvent, type ExecExited, OutputStream } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { onAbort } from '@innkeeper/kit';
import { abortError } from '../abort-error.ts';
import type { ExecOptions, ExecStream } from '../exec.ts';
import { signalNumber } from '../signal-number.ts';
import { type CollectOptions, collectOutput, type ExecResult } from './collect-output.ts';

export interface VmExecOptions {
  /**
   * Standard input of the command. Default: use `write` and `end`; until `end` is called the command waits for input.
   */
  readonly stdin?: string | Uint8Array | AsyncIterable<string | Uint8Array> | undefined;
  /** Added to PATH, HOME, USER, LOGNAME and SHELL. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Name or number. Default: the agent's own user, root. */
  readonly user?: string | undefined;
  readonly group?: string | undefined;
  /** Absolute. Default: the user's home. */
  readonly cwd?: string | undefined;
  /** Milliseconds after which the process tree is ended: TERM, 5 s later KILL. Default: never. */
  readonly timeoutMs?: number | undefined;
  /**
   * The command runs on when nobody follows it, and then drops its oldest output. Default: it waits for its reader, and
   * gets HUP a minute after this program ended, lost its connection or left the iteration.
   */
  readonly detach?: boolean | undefined;
  /** Sends TERM to the process tree, and stops following the command. */
  readonly signal?: AbortSignal | undefined;
  /** Called when the connection to the agent or the daemon is lost, and when it is back. */
  readonly onInterruption?: ExecOptions['onInterruption'];
}

/** Output of a command, in order. */
export type VmExecOutput =
  | { readonly type: 'stdout' | 'stderr'; readonly data: Uint8Array }
  /** This many bytes were dropped before they could be read. */
  | { readonly type: 'gap'; readonly bytes: number };

/**
 * A command in a guest. Its output can be read once: by iterating over it, or by `result` or `text`. The command blocks
 * on output until it is read. Leaving the iteration stops following: without `detach` the command gets HUP a minute later. Rejects with
 * OperationError, such as COMMAND_NOT_FOUND or AGENT_UNREACHABLE; a non-zero exit code is a result, not an error.
 */
export interface VmExec extends AsyncIterable<VmExecOutput> {
  readonly id: string;
  /** Writes to stdin; resolves when more may be written. Input after the end is dropped. */
  write(data: string | Uint8Array): Promise<void>;
  /** Closes stdin. */
  end(): void;
  /** Sends a signal, by its Linux name or number, to the process tree. Default: TERM. */
  kill(signal?: string | number): void;
  /** The exit status; resolves once the output has been read to its end. */
  readonly exited: Promise<ExecExited>;
  /** Reads to the end. Output beyond `maxBytes` per stream (default: 16 MiB) is dropped, and `truncated` is set. */
  result(options?: CollectOptions): Promise<ExecResult>;
  /** Standard output as text. Rejects with INTERNAL and the end of stderr unless the exit code is 0. */
  text(options?: CollectOptions): Promise<string>;
}

/** Starts a command at once. */
export function vmExec(
  open: (options: ExecOptions) => ExecStream,
  argv: readonly string[],
  options: VmExecOptions,
): VmExec {
  const { stdin, env = {}, user = '', group = '', cwd = '', timeoutMs = 0, detach, onInterruption } = options;
  const spec = { argv: [...argv], environment: { ...env }, user, group, workingDirectory: cwd, timeoutMs, stdin: true };
  return new Exec(open({ start: spec, detach, onInterruption }), stdin, options.signal);
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
    // The reader gets both errors; without a reader they must not be unhandled rejections.
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
        if (done === true) throw new OperationError('INTERNAL', 'The command’s output was already read.');
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
      this.#exited.reject(new OperationError('CANCELED', 'The command is no longer followed.'));
      // A command that is being ended is followed until it has started.
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

  /** Rejects for the reader at once, and ends the command as soon as it is known to have started. */
  #break(error: unknown): void {
    this.#isBreaking = true;
    this.#broken.reject(error);
    this.#exited.reject(error);
    this.#stream.kill(signalNumber('TERM'));
    void this.#endStarted().finally(() => this.#leave());
  }

  async #endStarted(): Promise<void> {
    while (!this.#hasStarted) {
      // The command could not be started, so there is nothing to end.
      const taken = await this.#take().catch(() => undefined);
      if (taken === undefined || taken.done === true) return;
    }
  }

  /** The next event, shared by all callers that wait for it. */
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
