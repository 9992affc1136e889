import { type AgentLink, type ExecSession, hostClock } from '@innkeeper/agent-client';
import { isOperationError, OperationError } from '@innkeeper/contract';
import type { ExecEvent } from '@innkeeper/contract/agent';
import { Listeners, type Log, pause } from '@innkeeper/kit';
import { isAnswer } from './is-answer.ts';
import { messageOfEnd, type TerminalEnd } from './message-of-end.ts';
import { OutputPieces } from './output-pieces.ts';
import type { Pace } from './pace.ts';
import type { TerminalRecord } from './terminal-record.ts';
import { TerminalScreen } from './terminal-screen.ts';
import type { Viewer } from './viewer.ts';

/** How long output is held back for a viewer that is behind, before it gets a drawing instead. */
const patienceMs = 1000;
const closeGraceMs = 2000;
const sighup = 1;
const sigkill = 9;

export interface TerminalOptions {
  readonly record: TerminalRecord;
  readonly session: ExecSession;
  readonly link: AgentLink;
  readonly pace: Pace;
  readonly log: Log;
  /** Aborted when the daemon lets go of it; the process runs on. */
  readonly stop: AbortSignal;
  /** Says why it was lost: its VM ended, say. */
  readonly explain: (error: unknown) => Promise<unknown>;
}

/**
 * A process on a pseudo-terminal, its screen, and those who look at it. Nobody needs to look: output is taken as it comes.
 * Memory is that of the screen and 256 KiB a viewer.
 */
export class Terminal {
  readonly record: TerminalRecord;
  readonly viewers = new Set<Viewer>();
  /** A viewer came or left, it was resized, or it ended. */
  readonly changes = new Listeners<void>();
  readonly #options: TerminalOptions;
  readonly #screen: TerminalScreen;
  /** The one who typed or resized last: answers to the program's questions come from there alone. */
  #leader: Viewer | undefined;
  /** Resolves when the write that is under way is on the screen. */
  #writing: Promise<void> | undefined;
  #ended: TerminalEnd | undefined;
  /** Shown when it has ended; the screen itself is given up. */
  #lastDrawing: Uint8Array | undefined;
  /** Input goes in the order in which it came, whoever typed it. */
  #typing: Promise<void> = Promise.resolve();
  readonly #pieces = new OutputPieces();
  #onRoom = (): void => undefined;
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

  /** What the program calls itself. */
  get title(): string {
    return this.#screen.title;
  }

  get columns(): number {
    return this.#screen.columns;
  }

  get rows(): number {
    return this.#screen.rows;
  }

  /** Follows the process to its end, or until the daemon lets go of it. `events` has had its `started`. Never rejects. */
  async follow(events: AsyncIterator<ExecEvent>): Promise<void> {
    const { link, session, explain, log, stop } = this.#options;
    const stopStates = link.onState(({ state }) => {
      if (state !== 'waiting') this.#tellLink(state);
    });
    try {
      for (;;) {
        const { value, done } = await events.next();
        if (done === true) throw new OperationError('AGENT_UNREACHABLE', 'The terminal was not followed to its end.');
        const { event } = value as ExecEvent;
        if (event.case === 'output') await this.#take(event.value.data);
        if (event.case === 'exited') return await this.#finish({ exited: event.value });
      }
    } catch (error) {
      if (stop.aborted) return this.#letGo();
      const why = await explain(error);
      log.debug('terminal.lost', { terminal: this.record.id, message: String(why) });
      const known = isOperationError(why) ? why : new OperationError('INTERNAL', 'The terminal broke.', { cause: why });
      await this.#finish({ error: known });
    } finally {
      stopStates();
      await session[Symbol.asyncDispose]();
    }
  }

  /** Shows the screen to a viewer, and from now on what comes. The function returned ends that. */
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
      this.#onRoom();
      this.changes.emit();
    };
  }

  /** Resolves when the agent has a place for it: 256 KiB at most wait. What comes after the end is dropped. */
  async type(bytes: Uint8Array, viewer: Viewer): Promise<void> {
    const answer = isAnswer(bytes);
    if (answer && this.#leader !== undefined && this.#leader !== viewer) return;
    if (!answer || this.#leader === undefined) this.#leader = viewer;
    const typing = this.#typing.then(async () => {
      if (!this.isEnded) await this.#options.session.writeStdin(bytes);
    });
    // Whoever typed this is told; the next one's input is not theirs.
    this.#typing = typing.catch(() => undefined);
    await typing;
  }

  /** The last one who does it wins. */
  async resize(columns: number, rows: number, viewer: Viewer): Promise<void> {
    this.#leader = viewer;
    await this.#settled();
    if (this.isEnded || (columns === this.columns && rows === this.rows)) return;
    this.#screen.resize(columns, rows);
    for (const each of this.viewers) if (each !== viewer) each.tell({ type: 'size', columns, rows });
    this.changes.emit();
    await this.#options.session.resize(columns, rows);
  }

  /** A viewer has consumed so much. */
  async acknowledge(viewer: Viewer, bytes: number): Promise<void> {
    viewer.acknowledge(bytes);
    this.#onRoom();
    if (!viewer.isStale || !viewer.isCaughtUp) return;
    await this.#settled();
    if (viewer.isStale && this.viewers.has(viewer)) this.#show(viewer);
  }

  /** HUP to the whole tree, KILL after a grace. Resolves when it has ended or cannot be asked. */
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
    // The bytes are the link's until this returns; sockets may keep them longer.
    const copy = new Uint8Array(bytes);
    const { stop, pace } = this.#options;
    for (let at = 0; at < copy.length; ) {
      const end = this.#pieces.end(copy, at);
      const piece = copy.subarray(at, end);
      at = end;
      // Nobody will look at it any more, and a guest can make it take minutes.
      await pace.turn(() => (stop.aborted ? Promise.resolve() : this.#write(piece)), stop);
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

  /** Waits for those who are behind; who is too slow is left behind, and gets a drawing later. */
  async #room(): Promise<void> {
    const behind = (): Viewer[] => [...this.viewers].filter((viewer) => viewer.isBehind && !viewer.isStale);
    if (behind().length === 0) return;
    const patience = AbortSignal.timeout(patienceMs);
    const over = AbortSignal.any([patience, this.#options.stop]);
    while (behind().length > 0 && !over.aborted) {
      await new Promise<void>((resolve) => {
        this.#onRoom = resolve;
        over.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    this.#onRoom = () => undefined;
    for (const viewer of behind()) viewer.isStale = true;
  }

  /** Between two writes, where the screen is what the viewers have been sent. */
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

  /** The daemon stops: nothing is drawn for anybody. A write that is under way ends by itself. */
  #letGo(): void {
    this.viewers.clear();
    this.#onRoom();
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
