import { readdirSync, readFileSync } from 'node:fs';

/** What of an event of node:test is used here. */
export interface FileEvent {
  readonly type: string;
  /** The test file, in an event of one of its tests. */
  readonly entryFile: string | undefined;
  /** The test file, in an event of the runner about it. */
  readonly file: string | undefined;
}

export interface OpenFilesOptions {
  /** Milliseconds in which a test or a hook must end. */
  readonly timeoutMs: number;
  /** Milliseconds that a file's process has to end after its last test. */
  readonly graceMs: number;
}

/** Milliseconds between TERM, on which node:test still runs the hooks, and KILL. */
const killAfterMs = 10_000;

/**
 * Ends the processes of test files that stay open. `--test-timeout` limits tests alone: a file that leaves a server or a
 * timer behind, or waits in a hook, would keep the suite from ending. `--test-force-exit` is no answer, since it also
 * leaves out tests that are declared after an `await`, without a word.
 */
export class OpenFiles {
  readonly #options: OpenFilesOptions;
  readonly #files = new Map<string, { running: number; timer: NodeJS.Timeout | undefined }>();
  /** Why a file was ended. */
  readonly ended = new Map<string, string>();

  constructor(options: OpenFilesOptions) {
    this.#options = options;
  }

  /** Takes the next event; those of node:test that come in the order of execution are sufficient. */
  take({ type, entryFile, file }: FileEvent): void {
    const path = entryFile ?? file;
    if (path === undefined || !['test:enqueue', 'test:dequeue', 'test:complete'].includes(type)) return;
    const isOfTest = entryFile !== undefined;
    const state = this.#files.get(path) ?? { running: 0, timer: undefined };
    clearTimeout(state.timer);
    if (!isOfTest && type === 'test:complete') {
      this.#files.delete(path);
      return;
    }
    // A file that waits for its turn is not running yet.
    if (!isOfTest && type === 'test:enqueue') return;
    if (isOfTest && type === 'test:enqueue') state.running++;
    if (isOfTest && type === 'test:complete') state.running--;
    const { timeoutMs, graceMs } = this.#options;
    const isOver = state.running === 0 && type === 'test:complete';
    const why = isOver
      ? `it was still running ${graceMs / 1000} s after its last test: a server, timer or program is left open`
      : `nothing happened in it for ${(timeoutMs + graceMs) / 1000} s`;
    state.timer = setTimeout(() => this.#end(path, why), isOver ? graceMs : timeoutMs + graceMs);
    this.#files.set(path, state);
  }

  #end(path: string, why: string): void {
    this.ended.set(path, why);
    for (const pid of childrenOf(process.pid, path)) {
      kill(pid, 'SIGTERM');
      setTimeout(() => kill(pid, 'SIGKILL'), killAfterMs).unref();
    }
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

/** Children of a process that have this argument. */
function childrenOf(parent: number, argument: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter(
      (pid) => pid > 0 && parentOf(pid) === parent && read(`/proc/${pid}/cmdline`).split('\0').includes(argument),
    );
}

function parentOf(pid: number): number {
  // After the name, which may contain anything: state, parent.
  return Number(/^.*\) \S+ (\d+)/s.exec(read(`/proc/${pid}/stat`))?.[1] ?? 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
