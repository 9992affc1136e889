import { OperationError } from '@innkeeper/contract/errors';
import { createDeferred, type Deferred } from '@innkeeper/kit';
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

/** Somebody whose frames take turns with those of others. */
interface BulkJob {
  readonly make: MakeBulkFrame;
  /** Comes again and again until nothing is made; else once. */
  readonly isStream: boolean;
  /** Whether a frame may be made now; one that may not is left out until `resumeStream`. */
  readonly isReady: () => boolean;
  readonly done: Deferred<void>;
}

/** A stream in an outbox, for the one who resumes or ends it. */
export interface BulkStream {
  /** Resolves when nothing was made any more. Rejects when the channel failed, `make` did, or it was ended. */
  readonly done: Promise<void>;
  /** It may be ready by now. */
  resume(): void;
  /** Nothing of it is written any more. */
  end(reason: unknown): void;
}

export interface OutboxOptions {
  /** Resolves when all of it is written. One at a time. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Writes what can be written at once, and says how much; without it everything waits for `write`. */
  readonly writeNow?: ((bytes: Uint8Array) => number) | undefined;
}

/**
 * The one writer of a session. Small frames (credit, ends, answers) go before bulk, and together in one write; bulk
 * frames of different calls take turns, since each call has one in here at most. All bulk frames are made in the same
 * memory, so a session holds less than 256 KiB of output whatever its calls do. While the channel takes what is written
 * there are no promises.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  #control: Uint8Array[] = [];
  #controlBytes = 0;
  readonly #bulk: BulkJob[] = [];
  /** Streams that wait until they are ready. */
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
    if (this.#state !== 'idle' && this.#failure === undefined) this.#idle.push(callback);
    else callback();
  }

  /** Runs `work`; what it queues leaves right after it, in one write. */
  batch(work: () => void): void {
    this.#held = true;
    try {
      work();
    } finally {
      this.#held = false;
      if (this.#state === 'scheduled') this.#drain();
    }
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
    return this.#queue({ make, isStream: false, isReady: () => true, done: createDeferred() });
  }

  /** Makes and writes frames, one whenever its turn comes, until `make` gives none. */
  sendStream(make: MakeBulkFrame, isReady: () => boolean): BulkStream {
    const job: BulkJob = { make, isStream: true, isReady, done: createDeferred() };
    return { done: this.#queue(job), resume: () => this.#resume(job), end: (reason) => this.#end(job, reason) };
  }

  /** The session is over: what waits is dropped. */
  close(): void {
    this.#fail(new OperationError('CANCELED', 'The session is over.'));
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
    // A little later, so that frames made in the same breath leave in one write.
    Promise.resolve()
      .then(() => undefined)
      .then(() => {
        if (this.#state === 'scheduled' && !this.#held) this.#drain();
      })
      .catch((error: unknown) => this.#fail(error));
  }

  /** Writes until nothing is left, or the channel takes no more for now. */
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
    this.#tellIdle();
  }

  /** The frame of a job whose turn it is; undefined when there is none, and the job is over. */
  #make(job: BulkJob): Uint8Array | undefined {
    this.#scratch ??= new Uint8Array(bulkHeadroom + bulkBytes + bulkTailroom);
    try {
      const frame = job.make(this.#scratch, bulkHeadroom, bulkHeadroom + bulkBytes);
      if (frame === undefined) job.done.resolve();
      return frame;
    } catch (error) {
      // The file could not be read: the call's trouble, not the channel's.
      job.done.reject(error);
      return undefined;
    }
  }

  /** Whether it is written; if not, the rest is being written, and draining goes on after it. */
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

  #tellIdle(): void {
    if (this.#idle.length > 0) for (const tell of this.#idle.splice(0)) tell();
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

  /** Whoever waits is told, and nothing is written any more. */
  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#control = [];
    this.#controlBytes = 0;
    this.wakeWaiters();
    this.#tellIdle();
    for (const { done } of [...this.#bulk.splice(0), ...this.#parked]) done.reject(error);
    this.#parked.clear();
  }
}
