import { toOperationError, type UploadOptions } from '@innkeeper/client/browser';
import type { OperationError } from '@innkeeper/contract/errors';
import { Listeners } from '@innkeeper/kit';

/** The upload of one file. */
export interface Upload {
  readonly id: number;
  readonly path: string;
  readonly file: Blob;
  readonly state: 'waiting' | 'sending' | 'interrupted' | 'done' | 'failed' | 'canceled';
  readonly sentBytes: number;
  readonly error?: OperationError | undefined;
}

/** Sends one file; resumes automatically after an interruption. */
export type SendFile = (
  path: string,
  file: Blob,
  options: Required<Pick<UploadOptions, 'onProgress' | 'onInterruption'>> & { readonly signal: AbortSignal },
) => Promise<void>;

const maxUploads = 500;
const concurrency = 2;

/** Uploads files in order, two at a time. Failed uploads can be retried by the user. */
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

  /** All uploads in order; a new array after each change. */
  get uploads(): readonly Upload[] {
    return this.#uploads;
  }

  get subscribe(): (listener: () => void) => () => void {
    return this.#listeners.add;
  }

  /** Adds files, up to 500 in total. Returns how many were added. */
  add(files: readonly { readonly path: string; readonly file: Blob }[]): number {
    const taken = files.slice(0, Math.max(0, maxUploads - this.#uploads.length));
    this.#change([
      ...this.#uploads,
      ...taken.map((each) => ({ ...each, id: this.#nextId++, state: 'waiting' as const, sentBytes: 0 })),
    ]);
    this.#next();
    return taken.length;
  }

  /** Cancels a waiting or running upload; the guest removes the part it has. */
  cancel(id: number): void {
    this.#update(id, { state: 'canceled' });
    this.#aborts.get(id)?.abort();
  }

  retry(id: number): void {
    this.#update(id, { state: 'waiting', error: undefined });
    this.#next();
  }

  /** Removes ended uploads from the list. */
  clearEnded(): void {
    this.#change(this.#uploads.filter(({ state }) => !['done', 'failed', 'canceled'].includes(state)));
  }

  cancelAll(): void {
    for (const { id, state } of this.#uploads) if (isActive(state)) this.cancel(id);
  }

  #next(): void {
    while (this.#aborts.size < concurrency) {
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
      // A cancelled upload already has its state.
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
