import { ExecEnding, OutputStream } from '@innkeeper/contract/agent-lite';
import type { Host, Pipe, ProcessExit } from '../host.ts';
import { isHostError } from '../host-error.ts';
import { endingOfCommand } from './ending.ts';
import { OutputRing } from './output-ring.ts';
import {
  joinSegments,
  type ManagedProcessOptions,
  type ProcessRecord,
  type ProcessState,
  splitSegments,
} from './process-state.ts';
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

/** A reader of the output that the process waits for. */
export interface Reader {
  /** Output before this offset may be dropped. */
  readonly acknowledgedOffset: number;
  /** Called when there is more output, input was accepted, or the process has ended. */
  wake(): void;
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
  /** Readers that may reconnect, each until when, and the function that cancels the wait for it. */
  readonly #left = new Map<Reader, { readonly untilMs: number; readonly cancel: () => void }>();
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
  #killAtMs: number | undefined;
  #hangupAtMs: number | undefined;
  /** When the last output was read, or the process ended. */
  #lastOutputMs = 0;
  #outputCut = false;
  /** When KILL was sent to the tree. */
  #killedAtMs: number | undefined;

  constructor(options: ManagedProcessOptions) {
    const { host, child, stdin, id, argv } = options;
    this.#options = options;
    this.#host = host;
    this.id = id;
    this.argv = argv;
    this.pid = child.pid;
    this.stdin = stdin;
    const resumed = options.resumed?.state;
    this.startedNs = resumed === undefined ? host.clock.wallTimeNs() : BigInt(resumed.startedNs);
    this.#startedMs = resumed?.startedMs ?? host.clock.monotonicMs();
    if (stdin !== undefined) stdin.onAccepted = () => this.#wakeReaders();
    if (resumed === undefined || resumed.child.stdout >= 0) this.#follow(child.stdout, OutputStream.STDOUT);
    if (child.stderr !== undefined && (resumed === undefined || resumed.child.stderr >= 0))
      this.#follow(child.stderr, OutputStream.STDERR);
    if (options.resumed !== undefined) this.#restore(options.resumed.state, options.resumed.output);
    else this.begin();
  }

  /** For the next program of the agent; adds the blobs to `blobs`. Nothing may happen to the process after it. */
  handOver(blobs: Uint8Array[]): ProcessState {
    const { child, group, timeoutMs, killGraceMs, maxOutputBytes, neverWaitForReader, hangupAfterMs } = this.#options;
    const blob = blobs.length;
    const stdin = this.stdin?.handOver();
    blobs.push(joinSegments(this.ring.segments), stdin?.queued ?? new Uint8Array(0));
    return {
      id: this.id,
      argv: this.argv,
      child: child.handle(),
      group: this.#record === undefined ? group?.handOver() : undefined,
      stdin: stdin?.state,
      limits: { timeoutMs, killGraceMs, maxOutputBytes, neverWaitForReader, hangupAfterMs },
      startedNs: `${this.startedNs}`,
      startedMs: this.#startedMs,
      nextOffset: this.ring.nextOffset,
      segments: this.ring.segments.map(({ stream, data }) => [stream, data.length]),
      blob,
      totals: [...this.#totals],
      asked: [...this.#asked],
      truncated: this.#truncated,
      terminating: this.#terminating,
      exit: this.#exit,
      record: this.#record,
      lastOutputMs: this.#lastOutputMs,
      outputCut: this.#outputCut,
      killAtMs: this.#killAtMs,
      killedAtMs: this.#killedAtMs,
      hangupAtMs: this.#hangupAtMs,
      left: [...this.#readers].map((reader) => [
        reader.acknowledgedOffset,
        this.#left.get(reader)?.untilMs ?? this.#host.clock.monotonicMs() + reconnectMs,
      ]),
    };
  }

  #restore(state: ProcessState, output: Uint8Array): void {
    this.ring.restore(splitSegments(state, output), state.nextOffset);
    for (const [stream, bytes] of state.totals) this.#totals.set(stream, bytes);
    for (const signal of state.asked) this.#asked.add(signal);
    this.#truncated = state.truncated;
    this.#terminating = state.terminating;
    this.#exit = state.exit;
    this.#record = state.record;
    this.#lastOutputMs = state.lastOutputMs;
    this.#outputCut = state.outputCut;
    this.#killedAtMs = state.killedAtMs;
  }

  /** Follows the process; after a handover, from where the program before this one stopped. */
  begin(): void {
    const { child, resumed, timeoutMs } = this.#options;
    if (this.#record !== undefined) return;
    const { left = [], killAtMs, hangupAtMs } = resumed?.state ?? {};
    for (const [acknowledgedOffset, untilMs] of left)
      this.#keepPlace({ acknowledgedOffset, wake: () => undefined }, untilMs);
    if (this.#terminating === undefined && timeoutMs > 0)
      this.#cancelTimeout = this.#at(this.#startedMs + timeoutMs, () => this.terminate(ExecEnding.TIMEOUT));
    if (killAtMs !== undefined && this.#killedAtMs === undefined) this.#killAt(killAtMs);
    if (hangupAtMs !== undefined) this.#hangupAt(hangupAtMs);
    this.#paused = true;
    this.trim();
    this.stdin?.begin();
    if (this.#exit === undefined) child.onExit((exit) => this.#onExit(exit));
    else if (this.#open.size === 0) this.#finish();
    else this.#awaitQuiet();
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
    this.#left.get(reader)?.cancel();
    this.#left.delete(reader);
    this.#readers.delete(reader);
    this.trim();
    this.#watchForHangup();
  }

  /** The reader's session is gone. Sent output may not have arrived, so its position is kept for a while. */
  leaveReader(reader: Reader): void {
    if (this.#record !== undefined) this.removeReader(reader);
    else if (this.#readers.has(reader)) this.#keepPlace(reader, this.#host.clock.monotonicMs() + reconnectMs);
    this.#watchForHangup();
  }

  #keepPlace(reader: Reader, untilMs: number): void {
    this.#readers.add(reader);
    this.#left.set(reader, { untilMs, cancel: this.#at(untilMs, () => this.removeReader(reader)) });
  }

  #at(atMs: number, callback: () => void): () => void {
    const { clock } = this.#host;
    return clock.setTimer(Math.max(0, atMs - clock.monotonicMs()), callback);
  }

  /** Without a reader the tree gets HUP after a while, as on a terminal whose user has left. */
  #watchForHangup(): void {
    const { hangupAfterMs } = this.#options;
    if (hangupAfterMs === 0 || this.hasReader || this.#record !== undefined || this.#cancelHangup !== undefined) return;
    this.#hangupAt(this.#host.clock.monotonicMs() + hangupAfterMs);
  }

  #hangupAt(atMs: number): void {
    this.#hangupAtMs = atMs;
    const forget = (): void => {
      this.#cancelHangup = undefined;
      this.#hangupAtMs = undefined;
    };
    const cancelTimer = this.#at(atMs, () => {
      forget();
      this.signal(SIGHUP, false);
    });
    this.#cancelHangup = () => {
      forget();
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
    this.#killAt(this.#host.clock.monotonicMs() + this.#options.killGraceMs);
  }

  #killAt(atMs: number): void {
    this.#killAtMs = atMs;
    this.#cancelKill = this.#at(atMs, () => {
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
    this.#at(this.#lastOutputMs + quietMs, () => {
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
    const command = { pid: this.pid, exit, startedMs: this.#startedMs };
    const ending = this.#terminating ?? endingOfCommand(this.#host, command, this.#asked);
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
