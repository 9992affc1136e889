import type { ProcessSpec } from '@innkeeper/contract/agent';
import { ExecEnding } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { createDeferred, type Log, onAbort } from '@innkeeper/kit';
import type { Host, StdinPipe } from '../host.ts';
import type { CommandRule } from '../policy/guest-policy.ts';
import { ExecGroups, type ExecGroupsState } from './exec-group.ts';
import { ManagedProcess } from './managed-process.ts';
import type { ProcessState } from './process-state.ts';
import { SIGKILL } from './signals.ts';
import { startProcess } from './start-process.ts';
import { StdinFeed } from './stdin-feed.ts';

const maxRunning = 64;
const maxEnded = 64;
/** Bytes of output kept for all ended commands together. */
const maxEndedOutputBytes = 1024 * 1024;
const rememberEndedMs = 10 * 60 * 1000;
/** Milliseconds in which no command has ended, after which a start no longer waits until fewer run. */
const placeWithinMs = 5000;

const closedPipe: StdinPipe = { write: () => 0, onceWritable: () => undefined, close: () => undefined };

/** What the next program of the agent takes over, as JSON. */
export interface RegistryState {
  readonly groups: ExecGroupsState;
  readonly processes: readonly ProcessState[];
  readonly endedAtMs: readonly (readonly [id: string, atMs: number])[];
}

/** All commands of this agent, running and recently ended ones. */
export class ProcessRegistry {
  readonly #host: Host;
  readonly #log: Log;
  readonly #rule: CommandRule | undefined;
  readonly #groups: ExecGroups;
  readonly #processes = new Map<string, ManagedProcess>();
  /** Starts in progress: a second start of the same id waits for the first. */
  readonly #starting = new Map<string, Promise<ManagedProcess>>();
  readonly #endedAtMs = new Map<string, number>();
  /** Those that have ended and may keep output, in the order of their end. */
  readonly #withOutput = new Set<string>();
  /** Starts that wait until fewer commands run, in their order. */
  readonly #waiting = new Set<() => void>();
  #onIdle: (() => void) | undefined;
  /** When a command last ended. */
  #endedAtLastMs = 0;

  /** @param rule which commands may be started; undefined: all */
  constructor(host: Host, log: Log, rule?: CommandRule) {
    this.#host = host;
    this.#rule = rule;
    this.#groups = new ExecGroups(host);
    this.#log = log;
  }

  get host(): Host {
    return this.#host;
  }

  get runningCount(): number {
    return this.#processes.size - this.#endedAtMs.size;
  }

  /** Whether a command is about to run, which has no process yet. */
  get isStarting(): boolean {
    return this.#starting.size > 0;
  }

  /** For the next program of the agent. */
  handOver(blobs: Uint8Array[]): RegistryState {
    return {
      groups: this.#groups.handOver(),
      processes: [...this.#processes.values()].map((process) => process.handOver(blobs)),
      endedAtMs: [...this.#endedAtMs],
    };
  }

  /** Takes over commands; they go on at `begin`. */
  restore({ groups, processes, endedAtMs }: RegistryState, blob: (index: number) => Uint8Array): void {
    this.#groups.restore(groups);
    for (const state of processes) {
      const child = this.#host.processes.adopt(state.child);
      const { stdin } = state;
      // Its end was sent if the pipe is closed: that it is sent again must be no error.
      const feed = stdin && new StdinFeed(child.stdin ?? closedPipe, stdin.isTerminal, stdin, blob(state.blob + 1));
      const process = new ManagedProcess({
        ...state.limits,
        host: this.#host,
        id: state.id,
        argv: state.argv,
        child,
        group: state.group === undefined ? undefined : this.#groups.adopt(state.group),
        stdin: feed,
        onEnded: () => this.#onEnded(state.id),
        resumed: { state, output: blob(state.blob) },
      });
      this.#processes.set(state.id, process);
    }
    for (const [id, atMs] of endedAtMs) {
      this.#endedAtMs.set(id, atMs);
      this.#withOutput.add(id);
    }
  }

  begin(): void {
    for (const process of this.#processes.values()) process.begin();
  }

  list(): ManagedProcess[] {
    this.#forgetOld();
    return [...this.#processes.values()];
  }

  /** Whether a process has this id: a start of it would attach. */
  has(id: string): boolean {
    this.#forgetOld();
    return this.#processes.has(id) || this.#starting.has(id);
  }

  /** @throws OperationError EXEC_NOT_FOUND */
  get(id: string): ManagedProcess {
    this.#forgetOld();
    const found = this.#processes.get(id);
    if (found === undefined) throw new OperationError('EXEC_NOT_FOUND', `No process has the id ${id}.`);
    return found;
  }

  /**
   * Starts a command, or returns the existing one with this id. If too many run, waits until some have ended. Rejects
   * with TOO_MANY_PROCESSES if none has for 5 s, or with the signal's reason.
   */
  async start(spec: ProcessSpec, signal: AbortSignal): Promise<{ process: ManagedProcess; attached: boolean }> {
    const fromMs = this.#host.clock.monotonicMs();
    for (;;) {
      this.#forgetOld();
      const known = this.#processes.get(spec.id) ?? (await this.#starting.get(spec.id));
      if (known !== undefined) return { process: known, attached: true };
      if (this.#hasPlace) break;
      const leftMs = placeWithinMs - (this.#host.clock.monotonicMs() - Math.max(fromMs, this.#endedAtLastMs));
      if (leftMs <= 0)
        throw new OperationError('TOO_MANY_PROCESSES', `${maxRunning} commands run in this guest already.`);
      await this.#placeOrTimeout(leftMs, signal);
    }
    const starting = startProcess(this.#host, { groups: this.#groups, rule: this.#rule }, spec, () =>
      this.#onEnded(spec.id),
    );
    this.#starting.set(spec.id, starting);
    try {
      const process = await starting;
      this.#processes.set(spec.id, process);
      // It may have ended before it was registered here.
      if (process.record !== undefined) this.#onEnded(spec.id);
      this.#log.debug('exec.started', { id: spec.id, pid: process.pid, program: process.argv[0] ?? '' });
      return { process, attached: false };
    } finally {
      this.#starting.delete(spec.id);
      this.#wakeWaiting();
    }
  }

  get #hasPlace(): boolean {
    return this.runningCount + this.#starting.size < maxRunning;
  }

  async #placeOrTimeout(ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = createDeferred<void>();
    const takeBack = this.#host.clock.setTimer(ms, resolve);
    const untie = onAbort(signal, () => resolve());
    this.#waiting.add(resolve);
    await promise;
    this.#waiting.delete(resolve);
    takeBack();
    untie();
    signal.throwIfAborted();
  }

  /** Wakes the first, which wakes the next one once it has started. */
  #wakeWaiting(): void {
    if (!this.#hasPlace) return;
    const [first] = this.#waiting;
    if (first === undefined) return;
    this.#waiting.delete(first);
    first();
  }

  /**
   * Stops every command because the agent stops: TERM, then KILL after `graceMs`. Resolves when all have ended or KILL
   * was sent.
   */
  async endAll(graceMs: number): Promise<void> {
    const running = [...this.#processes.values()].filter((process) => process.record === undefined);
    for (const process of running) process.terminate(ExecEnding.AGENT_STOPPED);
    if (this.runningCount > 0) {
      await new Promise<void>((resolve) => {
        const cancelTimer = this.#host.clock.setTimer(graceMs, resolve);
        this.#onIdle = () => {
          cancelTimer();
          resolve();
        };
      });
    }
    for (const process of running) if (process.record === undefined) process.signal(SIGKILL, false);
  }

  #onEnded(id: string): void {
    if (!this.#processes.has(id)) return;
    this.#endedAtLastMs = this.#host.clock.monotonicMs();
    this.#endedAtMs.set(id, this.#endedAtLastMs);
    if ((this.#processes.get(id)?.ring.keptBytes ?? 0) > 0) this.#withOutput.add(id);
    this.#forgetOld();
    this.#boundKeptOutput();
    if (this.runningCount === 0) this.#onIdle?.();
    this.#wakeWaiting();
  }

  #forgetOld(): void {
    const now = this.#host.clock.monotonicMs();
    for (const [id, endedAtMs] of this.#endedAtMs) {
      const process = this.#processes.get(id);
      if (process?.hasReader === true) continue;
      if (now - endedAtMs < rememberEndedMs && this.#endedAtMs.size <= maxEnded) break;
      this.#endedAtMs.delete(id);
      this.#processes.delete(id);
    }
  }

  /** Keeps the output of the latest ended commands; of the others only how they ended. */
  #boundKeptOutput(): void {
    let keptBytes = 0;
    // Most commands print little: those that kept output are few, and the others cost nothing here.
    for (const id of this.#withOutput) {
      const process = this.#processes.get(id);
      if (process === undefined || process.ring.keptBytes === 0) this.#withOutput.delete(id);
      else keptBytes += process.ring.keptBytes;
    }
    for (const id of this.#withOutput) {
      if (keptBytes <= maxEndedOutputBytes) break;
      const process = this.#processes.get(id);
      if (process === undefined || process.hasReader) continue;
      keptBytes -= process.ring.keptBytes;
      process.ring.clear();
    }
  }
}
