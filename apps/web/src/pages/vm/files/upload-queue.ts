import { toOperationError } from '@innkeeper/client/browser';
import type { OperationError } from '@innkeeper/contract/errors';

/** One file on its way into a guest. */
export interface Upload {
  readonly id: number;
  readonly path: string;
  readonly file: Blob;
  readonly state: 'waiting' | 'sending' | 'interrupted' | 'done' | 'failed' | 'canceled';
  readonly sentBytes: number;
  readonly error?: OperationError | undefined;
}

/** How the bytes travel. */
export interface UploadTransport {
  /** Where to go on; 0 when the guest has nothing of it. */
  offset(path: string, file: Blob, signal: AbortSignal): Promise<number>;
  /** Sends the rest. Rejects with DAEMON_UNREACHABLE when it broke off. */
  send(
    path: string,
    file: Blob,
    options: { readonly offset: number; readonly signal: AbortSignal; readonly onProgress: (sent: number) => void },
  ): Promise<void>;
  /** Waits before going on after a break; shorter in tests. */
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

export const maxUploads = 500;
const atOnce = 2;
const maxBreaks = 8;
const longestWaitMs = 15_000;
/** What breaks the way and not the file: worth going on by itself. */
const passing = new Set(['DAEMON_UNREACHABLE', 'NODE_UNREACHABLE', 'AGENT_UNREACHABLE', 'AGENT_RESTARTED']);

/**
 * Uploads, two at a time, in their order. One that breaks off asks where the guest is and goes on there, up to eight
 * times without progress; then it can be tried again by hand.
 */
export class UploadQueue {
  readonly #transport: UploadTransport;
  readonly #onDone: (upload: Upload) => void;
  readonly #listeners = new Set<() => void>();
  readonly #aborts = new Map<number, AbortController>();
  #uploads: readonly Upload[] = [];
  #nextId = 1;

  constructor(transport: UploadTransport, onDone: (upload: Upload) => void) {
    this.#transport = transport;
    this.#onDone = onDone;
  }

  /** What there is, in its order; another array after each change. */
  get uploads(): readonly Upload[] {
    return this.#uploads;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Takes files as far as there is room for 500 in all. Gives how many it took. */
  add(files: readonly { readonly path: string; readonly file: Blob }[]): number {
    const taken = files.slice(0, Math.max(0, maxUploads - this.#uploads.length));
    this.#change([
      ...this.#uploads,
      ...taken.map((each) => ({ ...each, id: this.#nextId++, state: 'waiting' as const, sentBytes: 0 })),
    ]);
    this.#next();
    return taken.length;
  }

  /** Ends one that waits or is on its way; the guest keeps its part for a day. */
  cancel(id: number): void {
    this.#update(id, { state: 'canceled' });
    this.#aborts.get(id)?.abort();
  }

  retry(id: number): void {
    this.#update(id, { state: 'waiting', error: undefined });
    this.#next();
  }

  /** Forgets those that have ended. */
  clearEnded(): void {
    this.#change(this.#uploads.filter(({ state }) => !['done', 'failed', 'canceled'].includes(state)));
  }

  cancelAll(): void {
    for (const { id, state } of this.#uploads) if (isActive(state)) this.cancel(id);
  }

  #next(): void {
    while (this.#aborts.size < atOnce) {
      const upload = this.#uploads.find(({ id, state }) => state === 'waiting' && !this.#aborts.has(id));
      if (upload === undefined) return;
      void this.#run(upload);
    }
  }

  async #run({ id, path, file }: Upload): Promise<void> {
    const abort = new AbortController();
    this.#aborts.set(id, abort);
    this.#update(id, { state: 'sending' });
    try {
      await this.#sendAll(id, path, file, abort.signal);
      this.#update(id, { state: 'done', sentBytes: file.size });
      const done = this.#uploads.find((each) => each.id === id);
      if (done !== undefined) this.#onDone(done);
    } catch (error) {
      // A cancelled one has said so already.
      if (!abort.signal.aborted) this.#update(id, { state: 'failed', error: toOperationError(error) });
    } finally {
      this.#aborts.delete(id);
      this.#next();
    }
  }

  async #sendAll(id: number, path: string, file: Blob, signal: AbortSignal): Promise<void> {
    let reached = -1;
    for (let breaks = 0; ; ) {
      try {
        const offset = Math.min(await this.#transport.offset(path, file, signal), file.size);
        if (offset > reached) {
          if (reached >= 0) breaks = 0;
          reached = offset;
        }
        const onProgress = (sent: number): void => this.#update(id, { state: 'sending', sentBytes: offset + sent });
        onProgress(0);
        return await this.#transport.send(path, file, { offset, signal, onProgress });
      } catch (error) {
        signal.throwIfAborted();
        if (!passing.has(toOperationError(error).reason) || ++breaks > maxBreaks) throw error;
        this.#update(id, { state: 'interrupted' });
        await this.#transport.wait(Math.min(500 * 2 ** (breaks - 1), longestWaitMs), signal);
      }
    }
  }

  #update(id: number, part: Partial<Upload>): void {
    this.#change(this.#uploads.map((each) => (each.id === id ? { ...each, ...part } : each)));
  }

  #change(uploads: readonly Upload[]): void {
    this.#uploads = uploads;
    for (const listener of this.#listeners) listener();
  }
}

/** Whether an upload has not ended. */
export function isActive(state: Upload['state']): boolean {
  return state === 'waiting' || state === 'sending' || state === 'interrupted';
}
