import { OperationError } from '@innkeeper/contract/errors';
import { createDeferred } from '@innkeeper/kit';
import { bulkHeadroom, bulkTailroom } from '@innkeeper/wire';

/** Bytes of small frames that wait at most; more waits in the calls that make them. */
const maxControlBytes = 128 * 1024;
/** Bytes of a file in one frame: with the head of the message it stays below a frame's limit, and is whole pages. */
const bulkBytes = 61_440;

/**
 * Makes a frame in `scratch`, of which [start, end) is for its data; undefined for nothing. Called when its turn to be
 * written has come.
 */
export type MakeBulkFrame = (scratch: Uint8Array, start: number, end: number) => Uint8Array | undefined;

interface BulkJob {
  readonly make: MakeBulkFrame;
  readonly done: ReturnType<typeof createDeferred<void>>;
}

/**
 * The one writer of a session. Small frames (credit, ends, answers) go before bulk, and together in one write; bulk
 * frames of different calls take turns, since each call has one in here at most. All bulk frames are made in the same
 * memory, so a session holds less than 256 KiB of output whatever its calls do.
 */
export class Outbox {
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  #control: Uint8Array[] = [];
  #controlBytes = 0;
  readonly #bulk: BulkJob[] = [];
  #scratch: Uint8Array | undefined;
  #room: (() => void)[] = [];
  #idle: (() => void)[] = [];
  #running = false;
  #failure: unknown;

  constructor(write: (bytes: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  /** More small frames wait than should: whoever causes them must wait for `room`. */
  get isFull(): boolean {
    return this.#controlBytes > maxControlBytes;
  }

  /** Resolves when some have been written, when the channel failed, and on `wakeWaiters`. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#room.push(resolve));
  }

  wakeWaiters(): void {
    for (const wake of this.#room.splice(0)) wake();
  }

  /** Calls back when nothing is queued or being written any more, also when the channel failed; at once if it is so. */
  onceIdle(callback: () => void): void {
    if (this.#running && this.#failure === undefined) this.#idle.push(callback);
    else callback();
  }

  /** Queues a small frame. Does not wait: for frames that are bounded by what they answer. */
  post(frame: Uint8Array): void {
    if (this.#failure !== undefined) return;
    this.#control.push(frame);
    this.#controlBytes += frame.length;
    this.#start();
  }

  /** Queues a small frame when there is room. Rejects when the channel failed. */
  async send(frame: Uint8Array): Promise<void> {
    while (this.isFull && this.#failure === undefined) await this.room();
    if (this.#failure !== undefined) throw this.#failure;
    this.post(frame);
  }

  /** Makes a frame when its turn comes, and writes it. Rejects when the channel failed, or `make` did. */
  sendBulk(make: MakeBulkFrame): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const done = createDeferred<void>();
    this.#bulk.push({ make, done });
    this.#start();
    return done.promise;
  }

  /** The session is over: what waits is dropped. */
  close(): void {
    this.#fail(new OperationError('CANCELED', 'The session is over.'));
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    // A little later, so that frames made in the same breath leave in one write.
    Promise.resolve()
      .then(() => undefined)
      .then(() => this.#pump())
      .catch((error: unknown) => this.#fail(error));
  }

  async #pump(): Promise<void> {
    for (;;) {
      if (this.#control.length > 0) {
        await this.#write(this.#takeControl());
        continue;
      }
      const job = this.#bulk.shift();
      if (job === undefined) break;
      await this.#writeBulk(job);
    }
    this.#running = false;
    this.#tellIdle();
  }

  #tellIdle(): void {
    for (const tell of this.#idle.splice(0)) tell();
  }

  async #writeBulk({ make, done }: BulkJob): Promise<void> {
    this.#scratch ??= new Uint8Array(bulkHeadroom + bulkBytes + bulkTailroom);
    let frame: Uint8Array | undefined;
    try {
      frame = make(this.#scratch, bulkHeadroom, bulkHeadroom + bulkBytes);
    } catch (error) {
      // The file could not be read: the call's trouble, not the channel's.
      done.reject(error);
      return;
    }
    try {
      if (frame !== undefined) await this.#write(frame);
      done.resolve();
    } catch (error) {
      done.reject(error);
      throw error;
    }
  }

  #takeControl(): Uint8Array {
    const frames = this.#control;
    const total = this.#controlBytes;
    this.#control = [];
    this.#controlBytes = 0;
    this.wakeWaiters();
    const [only] = frames;
    if (only !== undefined && frames.length === 1) return only;
    const all = new Uint8Array(total);
    let at = 0;
    for (const frame of frames) {
      all.set(frame, at);
      at += frame.length;
    }
    return all;
  }

  /** Whoever waits is told, and nothing is written any more. */
  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#control = [];
    this.#controlBytes = 0;
    this.wakeWaiters();
    this.#tellIdle();
    for (const { done } of this.#bulk.splice(0)) done.reject(error);
  }
}
