import { createDeferred } from '@innkeeper/kit';

/** Bytes of small frames that wait at most; more waits in the calls that make them. */
const maxControlBytes = 128 * 1024;

type BulkJob = () => Promise<void>;

/**
 * The one writer of a session. Small frames (credit, ends, answers) go before bulk, and together in one write; bulk
 * frames of different calls take turns, since each call has one in here at most.
 */
export class Outbox {
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  #control: Uint8Array[] = [];
  #controlBytes = 0;
  readonly #bulk: BulkJob[] = [];
  #room: (() => void)[] = [];
  #running = false;
  #failure: unknown;

  constructor(write: (bytes: Uint8Array) => Promise<void>) {
    this.#write = write;
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
    while (this.#controlBytes > maxControlBytes) await new Promise<void>((resolve) => this.#room.push(resolve));
    if (this.#failure !== undefined) throw this.#failure;
    this.post(frame);
  }

  /** Makes a frame when its turn comes, and writes it. `make` returns undefined for nothing. Rejects when the channel failed. */
  sendBulk(make: () => Uint8Array | undefined): Promise<void> {
    const done = createDeferred<void>();
    this.#bulk.push(async () => {
      try {
        const frame = make();
        if (frame !== undefined) await this.#write(frame);
        done.resolve();
      } catch (error) {
        done.reject(error);
        throw error;
      }
    });
    this.#start();
    return done.promise;
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
      await job();
    }
    this.#running = false;
  }

  #takeControl(): Uint8Array {
    const frames = this.#control;
    const total = this.#controlBytes;
    this.#control = [];
    this.#controlBytes = 0;
    const waiting = this.#room;
    this.#room = [];
    for (const wake of waiting) wake();
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

  /** The channel is gone: whoever waits is told, and nothing is written any more. */
  #fail(error: unknown): void {
    this.#failure = error;
    this.#control = [];
    this.#controlBytes = 0;
    for (const wake of this.#room.splice(0)) wake();
    for (const job of this.#bulk.splice(0)) job().catch(() => undefined);
  }
}
