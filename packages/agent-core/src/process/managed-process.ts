import type { ExecEnding } from '@innkeeper/contract/agent';
import type { ChildProcess, Host, Pipe, ProcessExit } from '../host.ts';
import { historyLimitBytes, OutputRing, unreadLimitBytes } from './output-ring.ts';
import { countOrphans, signalTree } from './process-tree.ts';
import type { StdinFeed } from './stdin-feed.ts';

/** Milliseconds that pipes are read on after the process ended, when somebody else holds them open. */
const drainMs = 100;

export const SIGTERM = 15;
export const SIGKILL = 9;

/** EXEC_ENDING_* of process.proto. */
export const Ending = { EXITED: 1, TIMEOUT: 2, SIGNALED: 3, AGENT_STOPPED: 4 } as const satisfies Partial<
  Record<string, ExecEnding>
>;
export type EndingValue = (typeof Ending)[keyof typeof Ending];

/** What is known when a process has ended and its output is complete. */
export interface ProcessRecord {
  readonly exit: ProcessExit;
  readonly ending: EndingValue;
  readonly truncated: boolean;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  readonly durationMs: number;
  readonly orphansLeft: number;
}

/** Somebody who reads the output and makes the process wait for it. */
export interface Reader {
  /** All before this offset may be forgotten. */
  acknowledgedOffset: number;
  /** Called when there is more, or the process has ended. */
  wake(): void;
}

export interface ManagedProcessOptions {
  readonly host: Host;
  readonly id: string;
  readonly argv: readonly string[];
  readonly child: ChildProcess;
  readonly stdin: StdinFeed | undefined;
  readonly timeoutMs: number;
  readonly killGraceMs: number;
  /** 0: no limit. */
  readonly maxOutputBytes: number;
  readonly neverWaitForReader: boolean;
  readonly onEnded: () => void;
}

/** A process that outlives whoever started it: its output in a ring, its end in a record. */
export class ManagedProcess {
  readonly id: string;
  readonly argv: readonly string[];
  readonly pid: number;
  readonly startedNs: bigint;
  readonly stdin: StdinFeed | undefined;
  readonly ring = new OutputRing();
  readonly #options: ManagedProcessOptions;
  readonly #host: Host;
  readonly #startedMs: number;
  readonly #readers = new Set<Reader>();
  readonly #open = new Set<Pipe>();
  readonly #totals = [0, 0];
  #paused = false;
  #truncated = false;
  #exit: ProcessExit | undefined;
  #ending: EndingValue | undefined;
  #record: ProcessRecord | undefined;
  #takeBackTimer: (() => void) | undefined;

  constructor(options: ManagedProcessOptions) {
    const { host, child } = options;
    this.#options = options;
    this.#host = host;
    this.id = options.id;
    this.argv = options.argv;
    this.pid = child.pid;
    this.stdin = options.stdin;
    this.startedNs = host.clock.wallTimeNs();
    this.#startedMs = host.clock.monotonicMs();
    this.#follow(child.stdout, 1);
    if (child.stderr !== undefined) this.#follow(child.stderr, 2);
    if (options.timeoutMs > 0)
      this.#takeBackTimer = host.clock.setTimer(options.timeoutMs, () => this.terminate(Ending.TIMEOUT));
    child.onExit((exit) => this.#onExit(exit));
  }

  /** Set once the process has ended and its output is complete. */
  get record(): ProcessRecord | undefined {
    return this.#record;
  }

  get hasReader(): boolean {
    return this.#readers.size > 0;
  }

  addReader(reader: Reader): void {
    this.#readers.add(reader);
  }

  removeReader(reader: Reader): void {
    this.#readers.delete(reader);
    this.trim();
  }

  /** Forgets what nobody needs, and lets the process go on when there is room again. */
  trim(): void {
    const needed = this.#neededOffset();
    this.ring.trimBefore(needed, historyLimitBytes);
    if (this.#paused && this.ring.nextOffset - needed < unreadLimitBytes) {
      this.#paused = false;
      for (const pipe of this.#open) pipe.resume();
    }
  }

  /** Sends a signal to the whole tree, or to the first process alone; how many got it. */
  signal(signal: number, onlyLeader: boolean): number {
    if (this.#exit !== undefined && onlyLeader) return 0;
    if (signal === SIGTERM || signal === SIGKILL) this.#ending ??= Ending.SIGNALED;
    if (!onlyLeader) return signalTree(this.#host, this.pid, this.id, signal);
    this.#host.processes.kill(this.pid, signal);
    return 1;
  }

  /** TERM to the tree, KILL after the grace. The first reason to end is the one that is told. */
  terminate(ending: EndingValue): void {
    if (this.#record !== undefined) return;
    this.#ending ??= ending;
    this.#takeBackTimer?.();
    signalTree(this.#host, this.pid, this.id, SIGTERM);
    this.#takeBackTimer = this.#host.clock.setTimer(this.#options.killGraceMs, () =>
      signalTree(this.#host, this.pid, this.id, SIGKILL),
    );
  }

  resize(columns: number, rows: number): void {
    if (this.#record === undefined) this.#options.child.resize(columns, rows);
  }

  /** What readers still need: the lowest acknowledged offset; without readers nothing is needed. */
  #neededOffset(): number {
    let needed = this.ring.nextOffset;
    if (this.#options.neverWaitForReader) return needed;
    for (const reader of this.#readers) needed = Math.min(needed, reader.acknowledgedOffset);
    return needed;
  }

  #follow(pipe: Pipe, stream: 1 | 2): void {
    this.#open.add(pipe);
    pipe.onData((bytes) => {
      if (bytes === undefined) this.#onEnd(pipe);
      else this.#onOutput(stream, bytes);
    });
    pipe.resume();
  }

  #onOutput(stream: 1 | 2, bytes: Uint8Array): void {
    const limit = this.#options.maxOutputBytes;
    this.#totals[stream - 1] = (this.#totals[stream - 1] ?? 0) + bytes.length;
    const room = limit === 0 ? bytes.length : Math.max(0, Math.min(bytes.length, limit - this.ring.nextOffset));
    if (room < bytes.length) this.#truncated = true;
    if (room === 0) return;
    this.ring.append(stream, bytes.subarray(0, room));
    const needed = this.#neededOffset();
    this.ring.trimBefore(needed, historyLimitBytes);
    if (this.ring.nextOffset - needed >= unreadLimitBytes) {
      this.#paused = true;
      for (const pipe of this.#open) pipe.pause();
    }
    this.#wakeReaders();
  }

  #onEnd(pipe: Pipe): void {
    pipe.close();
    this.#open.delete(pipe);
    if (this.#exit !== undefined && this.#open.size === 0) this.#finish();
  }

  #onExit(exit: ProcessExit): void {
    this.#exit = exit;
    this.stdin?.close();
    if (this.#open.size === 0) this.#finish();
    else this.#host.clock.setTimer(drainMs, () => this.#drain());
  }

  /** Somebody else holds the pipes. What the process itself wrote is in them, and is taken at its reader's pace. */
  #drain(): void {
    if (this.#record !== undefined) return;
    if (this.#paused) {
      this.#host.clock.setTimer(drainMs, () => this.#drain());
      return;
    }
    let stream: 1 | 2 = 1;
    for (const pipe of this.#open) {
      if (pipe === this.#options.child.stderr) stream = 2;
      const bytes = pipe.readNow();
      if (bytes !== undefined) this.#onOutput(stream, bytes);
      pipe.close();
    }
    this.#open.clear();
    this.#finish();
  }

  #finish(): void {
    if (this.#record !== undefined || this.#exit === undefined) return;
    this.#takeBackTimer?.();
    this.#record = {
      exit: this.#exit,
      ending: this.#ending ?? Ending.EXITED,
      truncated: this.#truncated,
      stdoutBytes: this.#totals[0] ?? 0,
      stderrBytes: this.#totals[1] ?? 0,
      durationMs: Math.round(this.#host.clock.monotonicMs() - this.#startedMs),
      orphansLeft: countOrphans(this.#host, this.pid, this.id),
    };
    this.#wakeReaders();
    this.#options.onEnded();
  }

  #wakeReaders(): void {
    for (const reader of this.#readers) reader.wake();
  }
}
