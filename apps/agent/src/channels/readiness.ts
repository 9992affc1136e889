import * as host from 'host';

const READABLE = 1;
const WRITABLE = 2;
const HUNG_UP = 4;

/** Waits until a descriptor is readable or writable. It is watched only while something waits. */
export class Readiness {
  readonly #fd: number;
  readonly #onHangUp: () => void;
  #slot: number | undefined;
  /** The events that epoll currently watches. */
  #watched = 0;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;
  #each: (() => boolean) | undefined;
  #endEach: (() => void) | undefined;

  /** `onHangUp` is called when the descriptor reports only a hang-up; by then it is no longer watched. */
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
   * Calls back whenever the descriptor is readable, until the callback returns false or `wakeAll`. It stays watched in
   * between, which saves a promise and a system call per wait. A hang-up counts as readable.
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

  /** Ends both waits and the watch; call it before the descriptor is closed. */
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
      // The common case: nothing else waits, and the watch stays unchanged.
      if (this.#each !== undefined && events === READABLE) return;
    }
    const reader = events & (READABLE | HUNG_UP) ? this.#wakeReader : undefined;
    const writer = events & WRITABLE ? this.#wakeWriter : undefined;
    if (reader !== undefined) this.#wakeReader = undefined;
    if (writer !== undefined) this.#wakeWriter = undefined;
    // A hang-up would be reported continuously: report it once and stop watching until the next wait.
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
