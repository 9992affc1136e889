import { ExecEnding, OutputStream } from '@innkeeper/contract/agent-lite';
import type { ChildProcess, Host, Pipe, ProcessExit } from '../host.ts';
import { isHostError } from '../host-error.ts';
import { endingOf } from './ending.ts';
import type { ExecGroup } from './exec-group.ts';
import { wasOutOfMemory } from './out-of-memory.ts';
import { OutputRing } from './output-ring.ts';
import { countOrphans, signalTree, type Tree } from './process-tree.ts';
import { SIGHUP, SIGKILL, SIGTERM } from './signals.ts';
import type { StdinFeed } from './stdin-feed.ts';

/** Milliseconds without output after which pipes are closed that other processes hold after the process has ended. */
const quietMs = 2000;
/** Milliseconds that a reader whose session was lost keeps its position: a daemon that restarts loses no output. */
const reconnectMs = 60_000;
/** Milliseconds between looks at a tree that is being ended. */
const treeLookMs = 100;
/** Milliseconds after KILL until a process that still exists is reported as one that cannot be ended. */
const killedWithinMs = 1000;

/** The result of a process that has ended and whose output is complete. */
export interface ProcessRecord {
  readonly exit: ProcessExit;
  readonly ending: ExecEnding;
  readonly truncated: boolean;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  readonly durationMs: number;
  readonly orphansLeft: number;
  /** The pipes were closed while other processes could still write to them. */
  readonly outputCut: boolean;
}

/** A reader of the output that the process waits for. */
export interface Reader {
  /** Output before this offset may be dropped. */
  readonly acknowledgedOffset: number;
  /** Called when there is more output, input was accepted, or the process has ended. */
  wake(): void;
}

export interface ManagedProcessOptions {
  readonly host: Host;
  readonly id: string;
  /** As it is listed. */
  readonly argv: readonly string[];
  readonly child: ChildProcess;
  readonly group: ExecGroup | undefined;
  readonly stdin: StdinFeed | undefined;
  /** 0: no limit. */
  readonly timeoutMs: number;
  readonly killGraceMs: number;
  /** 0: no limit. */
  readonly maxOutputBytes: number;
  readonly neverWaitForReader: boolean;
  /** Milliseconds without a reader after which the tree gets HUP. 0: never. */
  readonly hangupAfterMs: number;
  readonly onEnded: () => void;
}

/** A process that outlives the call that started it: its output is in a ring, its end in a record. */
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
  /** Readers that may reconnect, each with the function that cancels the wait for it. */
  readonly #left = new Map<Reader, () => void>();
  readonly #open = new Map<Pipe, OutputStream>();
  readonly #totals = new Map<OutputStream, number>();
  readonly #asked = new Set<number>();
  #paused = false;
  #truncated = false;
  #terminating: ExecEnding | undefined;
  #exit: ProcessExit | undefined;
  #record: ProcessRecord | undefined;
  #cancelTimeout: (() => void) | undefined;
  #cancelKill: (() => void) | undefined;
  #cancelHangup: (() => void) | undefined;
  /** When the last output was read, or the process ended. */
  #lastOutputMs = 0;
  #outputCut = false;
  /** When KILL was sent to the tree. */
  #killedAtMs: number | undefined;

  constructor(options: ManagedProcessOptions) {
    const { host, child, stdin, timeoutMs } = options;
    this.#options = options;
    this.#host = host;
    this.id = options.id;
    this.argv = options.argv;
    this.pid = child.pid;
    this.stdin = stdin;
    this.startedNs = host.clock.wallTimeNs();
    this.#startedMs = host.clock.monotonicMs();
    if (stdin !== undefined) stdin.onAccepted = () => this.#wakeReaders();
    this.#follow(child.stdout, OutputStream.STDOUT);
    if (child.stderr !== undefined) this.#follow(child.stderr, OutputStream.STDERR);
    if (timeoutMs > 0) this.#cancelTimeout = host.clock.setTimer(timeoutMs, () => this.terminate(ExecEnding.TIMEOUT));
    child.onExit((exit) => this.#onExit(exit));
  }

  /** Set once the process has ended and its output is complete. */
  get record(): ProcessRecord | undefined {
    return this.#record;
  }

  /** Whether it has a reader now. */
  get hasReader(): boolean {
    return this.#readers.size > this.#left.size;
  }

  /** The process waits for this reader from now on, and no longer for those that have left. */
  addReader(reader: Reader): void {
    // In this order: without any reader the ring would drop output that this one needs.
    this.#readers.add(reader);
    this.#cancelHangup?.();
    for (const gone of [...this.#left.keys()]) this.removeReader(gone);
  }

  removeReader(reader: Reader): void {
    this.#left.get(reader)?.();
    this.#left.delete(reader);
    this.#readers.delete(reader);
    this.trim();
    this.#watchForHangup();
  }

  /** The reader's session is gone. Sent output may not have arrived, so its position is kept for a while. */
  leaveReader(reader: Reader): void {
    if (this.#record !== undefined) this.removeReader(reader);
    else if (this.#readers.has(reader))
      this.#left.set(
        reader,
        this.#host.clock.setTimer(reconnectMs, () => this.removeReader(reader)),
      );
    this.#watchForHangup();
  }

  /** Without a reader the tree gets HUP after a while, as on a terminal whose user has left. */
  #watchForHangup(): void {
    const { hangupAfterMs } = this.#options;
    if (hangupAfterMs === 0 || this.hasReader || this.#record !== undefined || this.#cancelHangup !== undefined) return;
    const cancelTimer = this.#host.clock.setTimer(hangupAfterMs, () => {
      this.#cancelHangup = undefined;
      this.signal(SIGHUP, false);
    });
    this.#cancelHangup = () => {
      this.#cancelHangup = undefined;
      cancelTimer();
    };
  }

  /** Drops output that no reader needs, and lets the process continue when there is room again. */
  trim(): void {
    const needed = this.#neededOffset();
    this.ring.trim(needed);
    if (!this.#paused || this.ring.isFull(needed)) return;
    this.#paused = false;
    for (const pipe of this.#open.keys()) pipe.resume();
  }

  /** Sends a signal to the whole tree, or only to the first process; returns the number of recipients. */
  signal(signal: number, onlyLeader: boolean): number {
    this.#asked.add(signal);
    if (!onlyLeader) {
      if (signal === SIGKILL) this.#killedAtMs = this.#host.clock.monotonicMs();
      return this.#signalTree(signal);
    }
    if (this.#exit !== undefined) return 0;
    this.#host.processes.kill(this.pid, signal);
    return 1;
  }

  /** TERM to the tree, KILL to the rest after the grace period. The first reason to end is the one reported. */
  terminate(ending: ExecEnding): void {
    if (this.#record !== undefined || this.#terminating !== undefined) return;
    this.#terminating = ending;
    this.#cancelTimeout?.();
    this.#signalTree(SIGTERM);
    this.#cancelKill = this.#host.clock.setTimer(this.#options.killGraceMs, () => {
      this.#killedAtMs = this.#host.clock.monotonicMs();
      this.#signalTree(SIGKILL);
    });
  }

  /** Sets the size of the terminal; without one, or after the end, it does nothing. */
  resize(columns: number, rows: number): void {
    if (this.#exit !== undefined) return;
    try {
      this.#options.child.resize(columns, rows);
    } catch (error) {
      // ENOTTY, EIO: pipes, or a terminal that was hung up. Neither is a reason to end the call.
      if (!isHostError(error)) throw error;
    }
  }

  #signalTree(signal: number): number {
    return signalTree(this.#host, this.#tree(), signal);
  }

  #tree(): Tree {
    const { group } = this.#options;
    const leaderEnded = this.#exit !== undefined;
    return { leader: this.pid, id: this.id, leaderEnded, startedMs: this.#startedMs, group };
  }

  /** The lowest offset that readers still need; without readers the end of the output. */
  #neededOffset(): number {
    let needed = this.ring.nextOffset;
    if (this.#options.neverWaitForReader) return needed;
    for (const reader of this.#readers) needed = Math.min(needed, reader.acknowledgedOffset);
    return needed;
  }

  #follow(pipe: Pipe, stream: OutputStream): void {
    this.#open.set(pipe, stream);
    pipe.onData((bytes) => {
      if (bytes === undefined) this.#onEnd(pipe);
      else this.#onOutput(stream, bytes);
    });
    pipe.resume();
  }

  #onOutput(stream: OutputStream, bytes: Uint8Array): void {
    const { maxOutputBytes } = this.#options;
    this.#lastOutputMs = this.#host.clock.monotonicMs();
    this.#totals.set(stream, this.#totalOf(stream) + bytes.length);
    const room = maxOutputBytes === 0 ? bytes.length : Math.min(bytes.length, maxOutputBytes - this.ring.nextOffset);
    if (room < bytes.length) this.#truncated = true;
    if (room <= 0) return;
    this.ring.append(stream, bytes.subarray(0, room));
    const needed = this.#neededOffset();
    this.ring.trim(needed);
    if (this.ring.isFull(needed)) {
      this.#paused = true;
      for (const pipe of this.#open.keys()) pipe.pause();
    }
    this.#wakeReaders();
  }

  #totalOf(stream: OutputStream): number {
    return this.#totals.get(stream) ?? 0;
  }

  #onEnd(pipe: Pipe): void {
    pipe.close();
    this.#open.delete(pipe);
    if (this.#exit !== undefined && this.#open.size === 0) this.#finish();
  }

  #onExit(exit: ProcessExit): void {
    this.#exit = exit;
    this.stdin?.close();
    this.#lastOutputMs = this.#host.clock.monotonicMs();
    if (this.#open.size === 0) this.#finish();
    else this.#awaitQuiet();
  }

  /**
   * Other processes hold the pipes, as in `exec > >(tee log)`. Their output is read as fast as its reader takes it, until
   * there was none for a while.
   */
  #awaitQuiet(): void {
    const { clock } = this.#host;
    if (this.#paused) this.#lastOutputMs = clock.monotonicMs();
    clock.setTimer(Math.max(0, this.#lastOutputMs + quietMs - clock.monotonicMs()), () => {
      if (this.#record !== undefined || this.#open.size === 0) return;
      const isQuiet = !this.#paused && clock.monotonicMs() - this.#lastOutputMs >= quietMs;
      if (isQuiet) this.#cutOutput();
      else this.#awaitQuiet();
    });
  }

  #cutOutput(): void {
    this.#outputCut = true;
    for (const [pipe, stream] of this.#open) {
      const bytes = pipe.readNow();
      if (bytes !== undefined) this.#onOutput(stream, bytes);
      pipe.close();
    }
    this.#open.clear();
    this.#finish();
  }

  #finish(): void {
    const exit = this.#exit;
    if (this.#record !== undefined || exit === undefined) return;
    const orphansLeft = countOrphans(this.#host, this.#tree());
    if (this.#mustAwaitTree(orphansLeft)) {
      this.#host.clock.setTimer(treeLookMs, () => this.#finish());
      return;
    }
    this.#cancelKill?.();
    this.#cancelTimeout?.();
    this.#cancelHangup?.();
    const ending = this.#terminating ?? this.#endingOf(exit);
    this.#options.group?.release();
    this.#record = {
      exit,
      ending,
      truncated: this.#truncated,
      stdoutBytes: this.#totalOf(OutputStream.STDOUT),
      stderrBytes: this.#totalOf(OutputStream.STDERR),
      durationMs: Math.round(this.#host.clock.monotonicMs() - this.#startedMs),
      orphansLeft,
      outputCut: this.#outputCut,
    };
    for (const gone of [...this.#left.keys()]) this.removeReader(gone);
    this.#wakeReaders();
    this.#options.onEnded();
  }

  #endingOf(exit: ProcessExit): ExecEnding {
    const ending = endingOf(exit, this.#asked);
    const command = { pid: this.pid, exit, startedMs: this.#startedMs };
    return ending === ExecEnding.EXITED && wasOutOfMemory(this.#host, command) ? ExecEnding.OUT_OF_MEMORY : ending;
  }

  /** A tree that is being ended is followed until it is gone, or has not gone at KILL. */
  #mustAwaitTree(left: number): boolean {
    if (left === 0) return false;
    if (this.#killedAtMs === undefined) return this.#terminating !== undefined;
    return this.#host.clock.monotonicMs() - this.#killedAtMs < killedWithinMs;
  }

  #wakeReaders(): void {
    for (const reader of this.#readers) reader.wake();
  }
}
