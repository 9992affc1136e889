import { hostClock } from '@innkeeper/agent-client';
import { Notifier, pause } from '@innkeeper/kit';

/** A topic tells what changed at most this often. */
const liveIntervalMs = 1000;

/** What a topic shows, and what wakes it. */
export interface SharedSource {
  /** What it is now, encoded. */
  readonly look: () => Promise<Uint8Array>;
  readonly onChange: (listener: () => void) => () => void;
}

/**
 * Topics that show the same to several viewers: looked at and encoded once for all of them, whatever their number. Who
 * may share one is the key's matter.
 */
export class SharedTopics {
  readonly #topics = new Map<string, SharedTopic>();

  /**
   * The topic of a key as it is now, and again when a change made it different, without end. Viewers get the same bytes.
   * `source` is asked when nobody else has the key. Fails with what `look` fails with, and with the signal's reason.
   */
  async *follow(key: string, source: () => SharedSource, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    let topic = this.#topics.get(key);
    if (topic === undefined || topic.isOver) {
      topic = new SharedTopic(source());
      this.#topics.set(key, topic);
    }
    const shared = topic;
    try {
      yield* shared.follow(signal);
    } finally {
      if (shared.isOver && this.#topics.get(key) === shared) this.#topics.delete(key);
    }
  }

  /** How many topics are open, each with one viewer at least. */
  get size(): number {
    return this.#topics.size;
  }
}

class SharedTopic {
  readonly #source: SharedSource;
  readonly #end = new AbortController();
  readonly #changed = new Notifier();
  readonly #looked = new Notifier();
  #isChanged = false;
  /** Ends the pause before the next look. */
  #hurry = new AbortController();
  #viewers = 0;
  /** Numbers of looks. */
  #begun = 0;
  #done = 0;
  #bytes: Uint8Array | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(source: SharedSource) {
    this.#source = source;
  }

  /** Nobody follows it any more, or it failed. */
  get isOver(): boolean {
    return this.#end.signal.aborted || this.#failure !== undefined;
  }

  async *follow(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    if (this.#viewers++ === 0) void this.#keep();
    // What changed before a viewer came is in the first that it gets.
    let wanted = this.#isChanged ? this.#begun + 1 : this.#begun;
    if (this.#isChanged) this.#hurry.abort();
    let sent: Uint8Array | undefined;
    try {
      for (;;) {
        await this.#looked.until(() => this.#hasNews(wanted, sent), signal);
        if (this.#failure !== undefined) throw this.#failure.error;
        wanted = 0;
        sent = this.#bytes;
        if (sent !== undefined) yield sent;
      }
    } finally {
      if (--this.#viewers === 0) {
        this.#end.abort();
        this.#hurry.abort();
      }
    }
  }

  #hasNews(wanted: number, sent: Uint8Array | undefined): boolean {
    return this.#failure !== undefined || (this.#done >= wanted && this.#bytes !== sent);
  }

  /** Looks again after changes while somebody follows. Never rejects. */
  async #keep(): Promise<void> {
    const { signal } = this.#end;
    const stop = this.#source.onChange(() => {
      this.#isChanged = true;
      this.#changed.notify();
    });
    try {
      while (!signal.aborted) {
        this.#isChanged = false;
        const number = ++this.#begun;
        const lookedMs = performance.now();
        const bytes = await this.#source.look();
        if (this.#bytes === undefined || Buffer.compare(this.#bytes, bytes) !== 0) this.#bytes = bytes;
        this.#done = number;
        this.#looked.notify();
        this.#hurry = new AbortController();
        await this.#changed.until(() => this.#isChanged, signal);
        await pause(hostClock, Math.max(0, lookedMs + liveIntervalMs - performance.now()), this.#hurry.signal);
      }
    } catch (error) {
      // Without viewers there is nobody to tell.
      this.#failure = { error };
      this.#looked.notify();
    } finally {
      stop();
    }
  }
}
