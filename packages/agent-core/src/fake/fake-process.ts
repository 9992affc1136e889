import type { ChildProcess, Clock, ProcessExit, SpawnSpec } from '../host.ts';
import { FakePipe } from './fake-pipe.ts';
import { KilledError, type Program } from './fake-program.ts';

const SIGKILL = 9;
/** SIGCHLD, SIGCONT, SIGURG, SIGWINCH (signal(7)). */
const harmless = new Set([0, 17, 18, 23, 28]);
/** EOT: ends the input of a terminal. */
const endOfTransmission = 4;

export interface FakeProcessOptions {
  readonly program: Program;
  readonly spec: SpawnSpec;
  readonly pid: number;
  readonly session: number;
  readonly parent: FakeProcess | undefined;
  readonly clock: Clock;
  readonly fork: (program: Program, newSession: boolean) => number;
  readonly onGone: () => void;
}

/** One process of the fake guest. A forked one shares the pipes of its parent. */
export class FakeProcess {
  readonly pid: number;
  readonly session: number;
  readonly parent: FakeProcess | undefined;
  readonly stdout: FakePipe;
  readonly stderr: FakePipe;
  readonly stdin: FakePipe | undefined;
  readonly #options: FakeProcessOptions;
  readonly #handlers = new Map<number, () => void>();
  readonly #onKilled = new Set<(error: KilledError) => void>();
  #exit: ProcessExit | undefined;
  #onExit: ((exit: ProcessExit) => void) | undefined;
  #size: { columns: number; rows: number } | undefined;

  constructor(options: FakeProcessOptions) {
    const { parent, spec } = options;
    this.#options = options;
    this.pid = options.pid;
    this.session = options.session;
    this.parent = parent;
    this.#size = spec.terminalSize;
    this.stdout = parent?.stdout ?? new FakePipe();
    this.stderr = parent?.stderr ?? (spec.stdio === 'pty' ? this.stdout : new FakePipe());
    this.stdin = parent === undefined && (spec.stdin || spec.stdio === 'pty') ? new FakePipe() : undefined;
    for (const pipe of this.#outputs()) if (parent !== undefined) pipe.addWriter();
  }

  asChild(): ChildProcess {
    return {
      pid: this.pid,
      stdout: this.stdout,
      stderr: this.stderr === this.stdout ? undefined : this.stderr,
      stdin: this.stdin,
      onExit: (callback) => {
        this.#onExit = callback;
        if (this.#exit !== undefined) callback(this.#exit);
      },
      resize: (columns, rows) => {
        this.#size = { columns, rows };
        this.deliver(28);
      },
      handle: () => ({
        pid: this.pid,
        stdin: this.stdin?.isClosed === false ? 0 : -1,
        stdout: this.stdout.isClosed ? -1 : 1,
        stderr: this.stderr === this.stdout || this.stderr.isClosed ? -1 : 2,
      }),
    };
  }

  start(): void {
    const { program, spec, fork } = this.#options;
    const env = spec.environment.map(
      (line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const,
    );
    const put = (pipe: FakePipe) => (text: string | Uint8Array) =>
      this.#orKilled(pipe.put(typeof text === 'string' ? new TextEncoder().encode(text) : text));
    const size = (): typeof this.terminal => this.terminal;
    Promise.resolve()
      .then(() =>
        program({
          argv: spec.argv,
          environment: new Map(env),
          directory: spec.directory,
          identity: spec.identity ?? { uid: 0, gid: 0, groups: [0] },
          get terminal() {
            return size();
          },
          write: put(this.stdout),
          writeError: put(this.stderr),
          read: () => this.#orKilled(this.#readInput()),
          sleep: (ms) => this.#orKilled(new Promise((resolve) => this.#options.clock.setTimer(ms, resolve))),
          onSignal: (signal, handler) => this.#handlers.set(signal, handler),
          fork: (child, options) => fork(child, options?.newSession ?? false),
        }),
      )
      .then(
        (code) => this.#end(code, undefined),
        // EPIPE: no reader. Killed: the end was already reported.
        () => this.#end(undefined, 13),
      );
  }

  get terminal(): { readonly columns: number; readonly rows: number } | undefined {
    return this.#options.spec.stdio === 'pty' ? (this.#size ?? { columns: 80, rows: 24 }) : undefined;
  }

  deliver(signal: number): void {
    const handler = signal === SIGKILL ? undefined : this.#handlers.get(signal);
    if (handler !== undefined) handler();
    else if (!harmless.has(signal)) this.#end(undefined, signal);
  }

  async #readInput(): Promise<Uint8Array | undefined> {
    const bytes = await this.stdin?.get();
    if (this.terminal !== undefined && bytes?.[0] === endOfTransmission) return undefined;
    return bytes;
  }

  /** Rejects if the process is killed meanwhile. */
  #orKilled<T>(work: Promise<T>): Promise<T> {
    if (this.#exit !== undefined) return Promise.reject(new KilledError('killed'));
    return new Promise((resolve, reject) => {
      this.#onKilled.add(reject);
      work.then(resolve, reject).finally(() => this.#onKilled.delete(reject));
    });
  }

  #end(exitCode: number | undefined, signal: number | undefined): void {
    if (this.#exit !== undefined) return;
    this.#exit = { exitCode, signal, userTimeUs: 1000, systemTimeUs: 500, maxRssBytes: 1_048_576 };
    for (const reject of this.#onKilled) reject(new KilledError('killed'));
    for (const pipe of this.#outputs()) pipe.dropWriter();
    this.stdin?.dropWriter();
    this.#options.onGone();
    const exit = this.#exit;
    queueMicrotask(() => this.#onExit?.(exit));
  }

  #outputs(): Set<FakePipe> {
    return new Set([this.stdout, this.stderr]);
  }
}
