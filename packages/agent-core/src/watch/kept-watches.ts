import { Notifier, pause, type Timers } from '@innkeeper/kit';
import type { FolderChange, Host } from '../host.ts';
import type { TreeState, WatchTarget } from './watched-tree.ts';

/** Milliseconds in which a node continues a watch that was handed over. */
const continueWithinMs = 60_000;
/** Milliseconds that watches have to come to rest, once the agent is about to be replaced. */
const restWithinMs = 2000;

/** A watch of files that no call follows now. Its changes wait in the kernel. */
export interface WatchState {
  readonly id: string;
  /** Descriptor of the watcher. */
  readonly watcher: number;
  readonly target: WatchTarget;
  readonly noSymlinks: boolean;
  readonly isRecursive: boolean;
  readonly tree: TreeState;
  /** Half a rename whose other half was not read yet. */
  readonly held: FolderChange | undefined;
  readonly batch: BatchState;
}

/** Messages with changes. */
export interface BatchState {
  /** Number of the last one. */
  readonly number: number;
  /** Those that the node may not have, encoded, in order; the last one has `number`. */
  readonly unconfirmed: readonly Uint8Array[];
}

/** What the next program of the agent takes over of it, as JSON. */
export type HandedWatch = Omit<WatchState, 'batch'> & {
  readonly number: number;
  /** Numbers of the blobs. */
  readonly unconfirmed: readonly number[];
};

/** The watches of files that outlive the program. */
export class KeptWatches {
  readonly #left = new Map<string, WatchState>();
  readonly #changes = new Notifier();
  #running = 0;

  /** How many wait for the call that continues them. */
  get size(): number {
    return this.#left.size;
  }

  /** Counts a watch that leaves its state here when the agent is about to be replaced. */
  async during<T>(run: () => Promise<T>): Promise<T> {
    this.#running++;
    try {
      return await run();
    } finally {
      this.#running--;
      this.#changes.notify();
    }
  }

  leave(state: WatchState): void {
    this.#left.set(state.id, state);
  }

  /** The watch of this id, for its call. */
  take(id: string): WatchState | undefined {
    const state = this.#left.get(id);
    this.#left.delete(id);
    return state;
  }

  /** Resolves when all have left their state, or do not within 2 s. */
  async settled(timers: Timers): Promise<void> {
    const late = new AbortController();
    const cancel = timers.setTimer(restWithinMs, () => late.abort());
    await this.#changes.until(() => this.#running === 0 || late.signal.aborted, late.signal).catch(() => undefined);
    cancel();
  }

  /** For the next program. */
  handOver(blobs: Uint8Array[]): HandedWatch[] {
    return [...this.#left.values()].map(({ batch: { number, unconfirmed }, ...state }) => ({
      ...state,
      number,
      unconfirmed: unconfirmed.map((body) => blobs.push(body) - 1),
    }));
  }

  /** Takes over what an earlier program has handed over. */
  restore(handed: readonly HandedWatch[], blob: (index: number) => Uint8Array): void {
    for (const { number, unconfirmed, ...state } of handed)
      this.leave({ ...state, batch: { number, unconfirmed: unconfirmed.map(blob) } });
  }

  /** Ends those that nobody continues in time, unless they are handed over again. */
  async expire({ clock, files }: Host, leaving: AbortSignal): Promise<void> {
    if (this.#left.size === 0) return;
    await pause(clock, continueWithinMs, leaving);
    if (leaving.aborted) return;
    for (const { watcher } of this.#left.values()) files.adoptWatcher(watcher).close();
    this.#left.clear();
  }
}
