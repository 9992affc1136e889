import { toOperationError, type UploadOptions } from '@innkeeper/client/browser';
import type { OperationError } from '@innkeeper/contract/errors';
import { Listeners } from '@innkeeper/kit';

/** One file on its way into a guest. */
export interface Upload {
  readonly id: number;
  readonly path: string;
  readonly file: Blob;
  readonly state: 'waiting' | 'sending' | 'interrupted' | 'done' | 'failed' | 'canceled';
  readonly sentBytes: number;
  readonly error?: OperationError | undefined;
}

/** Sends one file; goes on by itself when it breaks off. */
export type SendFile = (
  path: string,
  file: Blob,
  options: Required<Pick<UploadOptions, 'onProgress' | 'onInterruption'>> & { readonly signal: AbortSignal },
) => Promise<void>;

export const maxUploads = 500;
const atOnce = 2;

/** Uploads, two at a time, in their order. One that failed can be tried again by hand. */
export class UploadQueue {
  readonly #send: SendFile;
  readonly #onDone: (upload: Upload) => void;
  readonly #listeners = new Listeners();
  readonly #aborts = new Map<number, AbortController>();
  #uploads: readonly Upload[] = [];
  #nextId = 1;

  constructor(send: SendFile, onDone: (upload: Upload) => void) {
    this.#send = send;
    this.#onDone = onDone;
  }

  /** What there is, in its order; another array after each change. */
  get uploads(): readonly Upload[] {
    return this.#uploads;
  }

  get subscribe(): (listener: () => void) => () => void {
    return this.#listeners.add;
  }

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
      await this.#send(path, file, {
        signal: abort.signal,
        onProgress: (sentBytes) => this.#update(id, { state: 'sending', sentBytes }),
        onInterruption: () => this.#update(id, { state: 'interrupted' }),
      });
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

  #update(id: number, part: Partial<Upload>): void {
    this.#change(this.#uploads.map((each) => (each.id === id ? { ...each, ...part } : each)));
  }

  #change(uploads: readonly Upload[]): void {
    this.#uploads = uploads;
    this.#listeners.emit();
  }
}

/** Whether an upload has not ended. */
export function isActive(state: Upload['state']): boolean {
  return state === 'waiting' || state === 'sending' || state === 'interrupted';
}
