import * as host from 'host';

const READABLE = 1;
const WRITABLE = 2;
const HUNG_UP = 4;

/** Waits until a descriptor can be read or written. It is watched only while somebody waits. */
export class Readiness {
  readonly #fd: number;
  readonly #onHangUp: () => void;
  #slot: number | undefined;
  /** What the kernel is asked to tell now. */
  #watched = 0;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;
  #each: (() => boolean) | undefined;
  #endEach: (() => void) | undefined;

  /** `onHangUp` is called when the descriptor says "hung up" and nothing else; by then it is not watched any more. */
  constructor(fd: number, onHangUp: () => void) {
    this.#fd = fd;
    this.#onHangUp = onHangUp;
  }

  readable(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeReader = resolve;
      this.#update();
    });
  }

  /**
   * Calls back whenever it can be read, until that says false or `wakeAll`. It stays watched between: without a promise
   * and a system call for every wait. "Hung up" counts as readable.
   */
  eachReadable(callback: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#each = callback;
      this.#endEach = resolve;
      this.#update();
    });
  }

  writable(): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeWriter = resolve;
      this.#update();
    });
  }

  /** Ends both waits and the watch; also before the descriptor is closed. */
  wakeAll(): void {
    const wakes = [this.#wakeReader, this.#wakeWriter];
    this.#wakeReader = undefined;
    this.#wakeWriter = undefined;
    this.#stopEach();
    this.#update();
    for (const wake of wakes) wake?.();
  }

  #update(): void {
    const wanted =
      (this.#wakeReader === undefined && this.#each === undefined ? 0 : READABLE) |
      (this.#wakeWriter === undefined ? 0 : WRITABLE);
    if (wanted === this.#watched) return;
    this.#watched = wanted;
    if (wanted === 0) {
      if (this.#slot !== undefined) host.unwatch(this.#slot);
      this.#slot = undefined;
    } else if (this.#slot === undefined) {
      this.#slot = host.watch(this.#fd, wanted, (events) => this.#onEvents(events));
    } else {
      host.rewatch(this.#slot, wanted);
    }
  }

  #stopEach(): void {
    const end = this.#endEach;
    this.#each = undefined;
    this.#endEach = undefined;
    end?.();
  }

  #onEvents(events: number): void {
    if ((events & (READABLE | HUNG_UP)) !== 0 && this.#each !== undefined) {
      if (!this.#each()) this.#stopEach();
      // As nearly always: nobody else waits, and it stays watched as it is.
      if (this.#each !== undefined && events === READABLE) return;
    }
    const reader = events & (READABLE | HUNG_UP) ? this.#wakeReader : undefined;
    const writer = events & WRITABLE ? this.#wakeWriter : undefined;
    if (reader !== undefined) this.#wakeReader = undefined;
    if (writer !== undefined) this.#wakeWriter = undefined;
    // "Hung up" comes again at once, and for ever: it is told once, and the watch ends until somebody waits anew.
    const hungUp = (events & HUNG_UP) !== 0 && writer === undefined;
    if (hungUp && this.#slot !== undefined) {
      host.unwatch(this.#slot);
      this.#slot = undefined;
      this.#watched = 0;
      if (this.#each !== undefined) this.#update();
    } else {
      this.#update();
    }
    reader?.();
    writer?.();
    if (hungUp) this.#onHangUp();
  }
}
