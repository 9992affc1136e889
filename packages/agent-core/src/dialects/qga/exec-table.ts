import type { ExecExited, ExecOutput } from '@innkeeper/contract/agent';
import { OutputStream, ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { createDeferred, type Deferred } from '@innkeeper/kit';
import { maxExecOutputBytes } from '@innkeeper/wire';
import type { Dispatcher } from '../../dispatch.ts';
import { Spool } from '../../file/spool.ts';
import type { Host } from '../../host.ts';
import { CountedWork } from '../../update/counted-work.ts';

const { exec } = ProcessServiceLite;
/** Ended commands whose result nobody has fetched; the oldest is dropped for a newer one. */
const maxEnded = 64;

/** Milliseconds that an update of the agent waits for the client of an ended command to fetch its result. */
const fetchMs = 30_000;

/** Which output of a command is kept, and whether both streams are one. */
export type Capture = 'none' | 'stdout' | 'stderr' | 'separated' | 'merged';

export interface ExecStart {
  readonly id: string;
  readonly argv: readonly string[];
  /** The whole environment; undefined: that of a login. */
  readonly environment: Readonly<Record<string, string>> | undefined;
  /** Its standard input, which is closed here; undefined: it has none. */
  readonly input: Spool | undefined;
  readonly capture: Capture;
}

/** The output of one stream, as far as it is kept. */
class Captured {
  readonly spool: Spool;
  isTruncated = false;

  constructor(host: Host) {
    this.spool = new Spool(host);
  }

  async append(data: Uint8Array): Promise<void> {
    // What follows a gap would be taken for what was lost.
    if (this.isTruncated) return;
    const room = maxExecOutputBytes - this.spool.bytes;
    if (data.length > room) this.isTruncated = true;
    if (room <= 0) return;
    try {
      await this.spool.append(data.length > room ? data.subarray(0, room) : data);
    } catch {
      // ENOSPC: the guest has no room for more; the command goes on.
      this.isTruncated = true;
    }
  }
}

/** A command of guest-exec. */
export interface ExecEntry {
  readonly out: Captured;
  readonly err: Captured;
  /** Undefined while it runs. */
  exited: ExecExited | undefined;
  /** An update of the agent need not wait for it any more. */
  readonly release: () => void;
}

/** The commands that clients have started, by pid. They outlive connections; each result can be fetched once. */
export class ExecTable {
  readonly #host: Host;
  readonly #dispatcher: Dispatcher;
  readonly #work: CountedWork;
  readonly #entries = new Map<number, ExecEntry>();

  /** @param unrepeatable has the commands, whose results the next program of an agent would not have */
  constructor(host: Host, dispatcher: Dispatcher, unrepeatable: Set<{ readonly what: string }> = new Set()) {
    this.#host = host;
    this.#dispatcher = dispatcher;
    this.#work = new CountedWork(
      unrepeatable,
      (count) => `${count} ${count === 1 ? 'command' : 'commands'} of guest-exec`,
    );
  }

  /** Resolves with the pid when the command has started. Rejects with OperationError if it cannot be. */
  async start(start: ExecStart): Promise<number> {
    const started = createDeferred<number>();
    // It ends only with the agent: a client that has left may come back for the result.
    this.#follow(start, started).then(
      () => started.reject(new OperationError('INTERNAL', 'The command ended without having started.')),
      (error: unknown) => started.reject(error),
    );
    return await started.promise;
  }

  /** The command with this pid; one that has ended is forgotten, and the caller closes what it captured. */
  take(pid: number): ExecEntry | undefined {
    const entry = this.#entries.get(pid);
    if (entry?.exited !== undefined) this.#entries.delete(pid);
    return entry;
  }

  async #follow(start: ExecStart, started: Deferred<number>): Promise<void> {
    const entry: ExecEntry = {
      out: new Captured(this.#host),
      err: new Captured(this.#host),
      exited: undefined,
      release: this.#work.add(),
    };
    let pid = 0;
    const sink = async (body: Uint8Array): Promise<void> => {
      const { event } = liteDecode(exec.output, body);
      if (event.case === 'started') {
        pid = event.value.pid;
        // The kernel gives a pid again: the earlier command has ended, and nobody has fetched its result.
        const earlier = this.#entries.get(pid);
        if (earlier !== undefined) closeEntry(earlier);
        this.#entries.delete(pid);
        this.#entries.set(pid, entry);
        started.resolve(pid);
      } else if (event.case === 'output') await keep(entry, start.capture, event.value);
      else if (event.case === 'exited') {
        entry.exited = event.value;
        // Many clients never ask for it, and none later than this.
        this.#host.clock.setTimer(fetchMs, entry.release);
        if (this.#entries.get(pid) !== entry) closeEntry(entry);
        this.#dropOldest();
      }
    };
    const { signal } = new AbortController();
    try {
      await this.#dispatcher.call(exec.name, requestsOf(start), sink, { signal, timeoutMs: 0 });
    } finally {
      start.input?.close();
      if (entry.exited === undefined) {
        if (this.#entries.get(pid) === entry) this.#entries.delete(pid);
        closeEntry(entry);
      }
    }
  }

  #dropOldest(): void {
    const ended = [...this.#entries].filter(([, { exited }]) => exited !== undefined);
    for (const [pid, entry] of ended.slice(0, Math.max(0, ended.length - maxEnded))) {
      this.#entries.delete(pid);
      closeEntry(entry);
    }
  }
}

/** Releases what a command's output takes. */
export function closeEntry({ out, err, release }: ExecEntry): void {
  release();
  out.spool.close();
  err.spool.close();
}

async function keep({ out, err }: ExecEntry, capture: Capture, { stream, data }: ExecOutput): Promise<void> {
  const isError = stream === OutputStream.STDERR;
  if (capture === 'merged') await out.append(data);
  else if (isError && (capture === 'separated' || capture === 'stderr')) await err.append(data);
  else if (!isError && (capture === 'separated' || capture === 'stdout')) await out.append(data);
}

async function* requestsOf({ id, argv, environment, input }: ExecStart): AsyncGenerator<Uint8Array> {
  const value = {
    id,
    argv: [...argv],
    environment: { ...environment },
    onlyEnvironment: environment !== undefined,
    workingDirectory: '/',
    stdin: input !== undefined,
  };
  yield liteEncode(exec.input, { input: { case: 'start', value } });
  if (input === undefined) return;
  let offset = 0n;
  for (const data of input.read()) {
    yield liteEncode(exec.input, { input: { case: 'stdin', value: { offset, data } } });
    offset += BigInt(data.length);
  }
  yield liteEncode(exec.input, { input: { case: 'stdin', value: { offset, end: true } } });
}
