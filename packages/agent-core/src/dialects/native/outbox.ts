import { OperationError } from '@innkeeper/contract/errors';
import { createDeferred, type Deferred } from '@innkeeper/kit';
import { bulkHeadroom, bulkTailroom } from '@innkeeper/wire';

/** Maximum bytes of queued small frames; above it, the calls that make them wait. */
const maxControlBytes = 128 * 1024;
/** Bytes of a file per frame: whole pages, and below a frame's limit with the message header. */
const bulkBytes = 61_440;

/**
 * Makes a frame in `scratch`, of which [start, end) is for its data; undefined for none. Called when its turn to be
 * written has come.
 */
export type MakeBulkFrame = (scratch: Uint8Array, start: number, end: number) => Uint8Array | undefined;

/** A source of bulk frames; its frames alternate with those of others. */
interface BulkJob {
  readonly make: MakeBulkFrame;
  /** Called until nothing is made; otherwise once. */
  readonly isStream: boolean;
  /** Whether a frame may be made now; otherwise it is skipped until `resumeStream`. */
  readonly isReady: () => boolean;
  readonly done: Deferred<void>;
}

/** Control over a stream in the outbox. */
export interface BulkStream {
  /** Resolves when `make` returned nothing. Rejects if the channel or `make` failed, or it was ended. */
  readonly done: Promise<void>;
  /** Checks again whether it is ready. */
  resume(): void;
  /** Stops it: nothing more of it is written. */
  end(reason: unknown): void;
}

export interface OutboxOptions {
  /** Resolves when all bytes are written. One call at a time. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Writes what can be written at once and returns the byte count; without it everything uses `write`. */
  readonly writeNow?: ((bytes: Uint8Array) => number) | undefined;
}

/**
 * The only writer of a session. Small frames (credit, ends, answers) precede bulk and are written together; bulk frames
 * of different calls alternate, since each call has at most one in here. All bulk frames share one buffer, so a session
 * holds less than 256 KiB of output whatever its calls do. While the channel accepts everything no promises are
 * created.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  #control: Uint8Array[] = [];
  #controlBytes = 0;
  readonly #bulk: BulkJob[] = [];
  /** Streams that are not ready. */
  readonly #parked = new Set<BulkJob>();
  #scratch: Uint8Array | undefined;
  #room: (() => void)[] = [];
  #idle: (() => void)[] = [];
  #state: 'idle' | 'scheduled' | 'writing' = 'idle';
  #held = false;
  #failure: unknown;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** Too many small frames are queued: their producers must wait for `room`. */
  get isFull(): boolean {
    return this.#controlBytes > maxControlBytes;
  }

  /** Resolves when some have been written, the channel failed, or on `wakeWaiters`. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#room.push(resolve));
  }

  wakeWaiters(): void {
    for (const wake of this.#room.splice(0)) wake();
  }

  /** Calls back when nothing is queued or being written, also after a failed channel; at once if idle. */
  onceIdle(callback: () => void): void {
    if (this.#state !== 'idle' && this.#failure === undefined) this.#idle.push(callback);
    else callback();
  }

  /** Runs `work`; the frames it queues are then written at once, together. */
  batch(work: () => void): void {
    this.#held = true;
    try {
      work();
    } finally {
      this.#held = false;
      if (this.#state === 'scheduled') this.#drain();
    }
  }

  /** Queues a small frame without waiting: for frames whose number is bounded by the requests they answer. */
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
    return this.#queue({ make, isStream: false, isReady: () => true, done: createDeferred() });
  }

  /** Makes and writes frames, one per turn, until `make` returns none. */
  sendStream(make: MakeBulkFrame, isReady: () => boolean): BulkStream {
    const job: BulkJob = { make, isStream: true, isReady, done: createDeferred() };
    return { done: this.#queue(job), resume: () => this.#resume(job), end: (reason) => this.#end(job, reason) };
  }

  /** The session has ended: queued frames are dropped. */
  close(): void {
    this.#fail(new OperationError('CANCELED', 'The session has ended.'));
  }

  #queue(job: BulkJob): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#bulk.push(job);
    this.#start();
    return job.done.promise;
  }

  #resume(job: BulkJob): void {
    if (!this.#parked.delete(job)) return;
    this.#bulk.push(job);
    this.#start();
  }

  #end(job: BulkJob, reason: unknown): void {
    this.#parked.delete(job);
    const place = this.#bulk.indexOf(job);
    if (place >= 0) this.#bulk.splice(place, 1);
    job.done.reject(reason);
  }

  #start(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'scheduled';
    if (this.#held) return;
    // Deferred, so that frames made in the same turn are written together.
    Promise.resolve()
      .then(() => undefined)
      .then(() => {
        if (this.#state === 'scheduled' && !this.#held) this.#drain();
      })
      .catch((error: unknown) => this.#fail(error));
  }

  /** Writes until nothing is left or the channel would block. */
  #drain(): void {
    this.#state = 'writing';
    while (this.#failure === undefined) {
      if (this.#control.length > 0) {
        if (!this.#put(this.#takeControl(), undefined)) return;
        continue;
      }
      const job = this.#bulk.shift();
      if (job === undefined) break;
      if (!job.isReady()) {
        this.#parked.add(job);
        continue;
      }
      const frame = this.#make(job);
      if (frame !== undefined && !this.#put(frame, job)) return;
    }
    this.#state = 'idle';
    this.#notifyIdle();
  }

  /** The next frame of a job; undefined if there is none, and the job is done. */
  #make(job: BulkJob): Uint8Array | undefined {
    this.#scratch ??= new Uint8Array(bulkHeadroom + bulkBytes + bulkTailroom);
    try {
      const frame = job.make(this.#scratch, bulkHeadroom, bulkHeadroom + bulkBytes);
      if (frame === undefined) job.done.resolve();
      return frame;
    } catch (error) {
      // The file could not be read: an error of the call, not of the channel.
      job.done.reject(error);
      return undefined;
    }
  }

  /** Whether all is written; if not, the rest is being written and draining continues afterwards. */
  #put(bytes: Uint8Array, job: BulkJob | undefined): boolean {
    let put = 0;
    try {
      put = this.#options.writeNow?.(bytes) ?? 0;
    } catch (error) {
      job?.done.reject(error);
      this.#fail(error);
      return true;
    }
    if (put === bytes.length) {
      this.#onWritten(job);
      return true;
    }
    this.#options.write(put === 0 ? bytes : bytes.subarray(put)).then(
      () => {
        this.#onWritten(job);
        this.#drain();
      },
      (error: unknown) => {
        job?.done.reject(error);
        this.#fail(error);
        this.#state = 'idle';
      },
    );
    return false;
  }

  #onWritten(job: BulkJob | undefined): void {
    if (job === undefined) return;
    if (job.isStream) this.#bulk.push(job);
    else job.done.resolve();
  }

  #notifyIdle(): void {
    if (this.#idle.length > 0) for (const notify of this.#idle.splice(0)) notify();
  }

  #takeControl(): Uint8Array {
    const frames = this.#control;
    const total = this.#controlBytes;
    this.#control = [];
    this.#controlBytes = 0;
    if (this.#room.length > 0) this.wakeWaiters();
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

  /** All waiters are rejected, and nothing more is written. */
  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#control = [];
    this.#controlBytes = 0;
    this.wakeWaiters();
    this.#notifyIdle();
    for (const { done } of [...this.#bulk.splice(0), ...this.#parked]) done.reject(error);
    this.#parked.clear();
  }
}
