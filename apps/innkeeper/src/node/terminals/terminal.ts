import { type AgentLink, type ExecSession, hostClock } from '@innkeeper/agent-client';
import { isOperationError, OperationError } from '@innkeeper/contract';
import type { ExecEvent } from '@innkeeper/contract/agent';
import { Listeners, type Log, Notifier, pause, withDeadline } from '@innkeeper/kit';
import type { HalfTimeQueue } from './half-time-queue.ts';
import { isAnswer } from './is-answer.ts';
import { messageOfEnd, type TerminalEnd } from './message-of-end.ts';
import { OutputPieces } from './output-pieces.ts';
import type { TerminalRecord } from './terminal-record.ts';
import { TerminalScreen } from './terminal-screen.ts';
import type { Viewer } from './viewer.ts';

/** How long output is held back for a slow viewer, which then gets a redraw instead. */
const timeoutMs = 1000;
const closeGraceMs = 2000;
const sighup = 1;
const sigkill = 9;

export interface TerminalOptions {
  readonly record: TerminalRecord;
  readonly session: ExecSession;
  readonly link: AgentLink;
  readonly queue: HalfTimeQueue;
  readonly log: Log;
  /** Aborted when the daemon releases the terminal, whose process keeps running. */
  readonly stop: AbortSignal;
  /** Explains why it was lost, for example because its VM ended. */
  readonly explain: (error: unknown) => Promise<unknown>;
}

/**
 * A process on a pseudo-terminal, with its screen and viewers. Output is consumed even without viewers. Memory: that of
 * the screen plus 256 KiB per viewer.
 */
export class Terminal {
  readonly record: TerminalRecord;
  readonly viewers = new Set<Viewer>();
  /** Emitted when a viewer joined or left, and when the terminal was resized or ended. */
  readonly changes = new Listeners<void>();
  readonly #options: TerminalOptions;
  readonly #screen: TerminalScreen;
  /** The viewer that typed or resized last, from which alone replies to the program's queries are accepted. */
  #leader: Viewer | undefined;
  /** Resolves when the current write is on the screen. */
  #writing: Promise<void> | undefined;
  #ended: TerminalEnd | undefined;
  /** The last redraw after the end; the screen itself is released. */
  #lastDrawing: Uint8Array | undefined;
  /** Serializes input of all viewers. */
  #typing: Promise<void> = Promise.resolve();
  readonly #pieces = new OutputPieces();
  /** A viewer took something, or left. */
  readonly #taken = new Notifier();
  #linkState: 'connected' | 'lost' = 'connected';

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.record = options.record;
    this.#screen = new TerminalScreen(options.record.columns, options.record.rows);
  }

  get isEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** How it ended; undefined while it runs. */
  get end(): TerminalEnd | undefined {
    return this.#ended;
  }

  /** The title that the program set. */
  get title(): string {
    return this.#screen.title;
  }

  get columns(): number {
    return this.#screen.columns;
  }

  get rows(): number {
    return this.#screen.rows;
  }

  /** Follows the process until its end or release. The `started` of `events` was already consumed. Never rejects. */
  async follow(events: AsyncIterator<ExecEvent>): Promise<void> {
    const { link, session, explain, log, stop } = this.#options;
    const stopStates = link.onState(({ state }) => {
      if (state !== 'waiting') this.#tellLink(state);
    });
    try {
      for (;;) {
        const { value, done } = await events.next();
        if (done === true)
          throw new OperationError('AGENT_UNREACHABLE', 'The connection to the agent ended before the terminal did.');
        const { event } = value as ExecEvent;
        if (event.case === 'output') await this.#take(event.value.data);
        if (event.case === 'exited') return await this.#finish({ exited: event.value });
      }
    } catch (error) {
      if (stop.aborted) return this.#letGo();
      const why = await explain(error);
      log.debug('terminal.lost', { terminal: this.record.id, message: String(why) });
      const known = isOperationError(why)
        ? why
        : new OperationError('INTERNAL', 'The terminal failed.', { cause: why });
      await this.#finish({ error: known });
    } finally {
      stopStates();
      await session[Symbol.asyncDispose]();
    }
  }

  /** Sends a viewer the screen and from now on the output. Returns a function that removes the viewer. */
  async join(viewer: Viewer): Promise<() => void> {
    await this.#settled();
    this.#show(viewer);
    if (this.#ended !== undefined) {
      viewer.tell(messageOfEnd(this.#ended));
      return () => undefined;
    }
    if (this.#linkState === 'lost') viewer.tell({ type: 'agent', state: 'lost' });
    this.viewers.add(viewer);
    this.changes.emit();
    return () => {
      if (!this.viewers.delete(viewer)) return;
      if (this.#leader === viewer) this.#leader = undefined;
      this.#taken.notify();
      this.changes.emit();
    };
  }

  /** Resolves when the agent accepts the input, of which at most 256 KiB wait. Input after the end is dropped. */
  async type(bytes: Uint8Array, viewer: Viewer): Promise<void> {
    const answer = isAnswer(bytes);
    if (answer && this.#leader !== undefined && this.#leader !== viewer) return;
    if (!answer || this.#leader === undefined) this.#leader = viewer;
    const typing = this.#typing.then(async () => {
      if (!this.isEnded) await this.#options.session.writeStdin(bytes);
    });
    // The error is reported to the viewer that typed this, and must not affect later input.
    this.#typing = typing.catch(() => undefined);
    await typing;
  }

  /** The last caller wins. */
  async resize(columns: number, rows: number, viewer: Viewer): Promise<void> {
    this.#leader = viewer;
    await this.#settled();
    if (this.isEnded || (columns === this.columns && rows === this.rows)) return;
    this.#screen.resize(columns, rows);
    for (const each of this.viewers) if (each !== viewer) each.tell({ type: 'size', columns, rows });
    this.changes.emit();
    await this.#options.session.resize(columns, rows);
  }

  /** Records how much a viewer has consumed. */
  async acknowledge(viewer: Viewer, bytes: number): Promise<void> {
    viewer.acknowledge(bytes);
    this.#taken.notify();
    if (!viewer.isStale || !viewer.isCaughtUp) return;
    await this.#settled();
    if (viewer.isStale && this.viewers.has(viewer)) this.#show(viewer);
  }

  /** Sends HUP to the process tree, then KILL. Resolves when it has ended or the agent is unreachable. */
  async close(signal: AbortSignal): Promise<void> {
    const { session } = this.#options;
    const ended = new Promise<void>((resolve) => {
      const stop = this.changes.add(() => {
        if (!this.isEnded) return;
        stop();
        resolve();
      });
    });
    if (this.isEnded) return;
    await session.signal(sighup);
    await Promise.race([ended, pause(hostClock, closeGraceMs, signal)]);
    if (this.isEnded) return;
    await session.signal(sigkill);
    await Promise.race([ended, pause(hostClock, closeGraceMs, signal)]);
  }

  async #take(bytes: Uint8Array): Promise<void> {
    // Copied: the bytes belong to the link after this returns, and sockets may need them longer.
    const copy = new Uint8Array(bytes);
    const { stop, queue } = this.#options;
    for (let at = 0; at < copy.length; ) {
      const end = this.#pieces.end(copy, at);
      const piece = copy.subarray(at, end);
      at = end;
      // The screen is no longer needed, and a guest can make this take minutes.
      await queue.turn(() => (stop.aborted ? Promise.resolve() : this.#write(piece)), stop);
      stop.throwIfAborted();
      this.#writing = undefined;
      for (const viewer of this.viewers) viewer.showOutput(piece);
      await this.#room();
    }
  }

  async #write(piece: Uint8Array): Promise<void> {
    const beganMs = performance.now();
    this.#writing = this.#screen.write(piece);
    await this.#writing;
    this.#pieces.took(performance.now() - beganMs);
  }

  /** Waits for slow viewers; those that are too slow are skipped and get a redraw later. */
  async #room(): Promise<void> {
    const behind = (): Viewer[] => [...this.viewers].filter((viewer) => viewer.isBehind && !viewer.isStale);
    if (behind().length === 0) return;
    const late = new Error('a viewer is still behind');
    const terms = { timers: hostClock, timeoutMs, signal: this.#options.stop, late: () => late };
    try {
      await withDeadline(terms, (signal) => this.#taken.until(() => behind().length === 0, signal));
    } catch (error) {
      if (error !== late && !this.#options.stop.aborted) throw error;
    }
    for (const viewer of behind()) viewer.isStale = true;
  }

  /** Runs between two writes, when the screen equals what the viewers were sent. */
  async #settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  #show(viewer: Viewer): void {
    viewer.showScreen(this.columns, this.rows, this.#lastDrawing ?? this.#screen.draw());
  }

  #tellLink(state: 'connected' | 'lost'): void {
    if (state === this.#linkState) return;
    this.#linkState = state;
    for (const viewer of this.viewers) viewer.tell({ type: 'agent', state });
  }

  /** The daemon is stopping: no more redraws. A current write finishes. */
  #letGo(): void {
    this.viewers.clear();
    this.#taken.notify();
  }

  async #finish(end: TerminalEnd): Promise<void> {
    await this.#settled();
    this.#ended = end;
    this.#lastDrawing = this.#screen.draw();
    for (const viewer of this.viewers) {
      if (viewer.isStale) this.#show(viewer);
      viewer.tell(messageOfEnd(end));
    }
    this.viewers.clear();
    this.#screen.dispose();
    this.changes.emit();
  }
}
