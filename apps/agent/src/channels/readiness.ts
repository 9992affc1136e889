import * as host from 'host';

const READABLE = 1;
const WRITABLE = 2;
const HUNG_UP = 4;

/** Waits until a descriptor can be read or written. It is watched only while somebody waits. */
export class Readiness {
  readonly #fd: number;
  readonly #onHangUp: () => void;
  #slot: number | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;

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
    this.#update();
    for (const wake of wakes) wake?.();
  }

  #update(): void {
    const wanted = (this.#wakeReader === undefined ? 0 : READABLE) | (this.#wakeWriter === undefined ? 0 : WRITABLE);
    if (wanted === 0) {
      if (this.#slot !== undefined) host.unwatch(this.#slot);
      this.#slot = undefined;
    } else if (this.#slot === undefined) {
      this.#slot = host.watch(this.#fd, wanted, (events) => this.#onEvents(events));
    } else {
      host.rewatch(this.#slot, wanted);
    }
  }

  #onEvents(events: number): void {
    const reader = events & (READABLE | HUNG_UP) ? this.#wakeReader : undefined;
    const writer = events & WRITABLE ? this.#wakeWriter : undefined;
    if (reader !== undefined) this.#wakeReader = undefined;
    if (writer !== undefined) this.#wakeWriter = undefined;
    // "Hung up" comes again at once, and for ever: it is told once, and the watch ends until somebody waits anew.
    const hungUp = (events & HUNG_UP) !== 0 && writer === undefined;
    if (hungUp && this.#slot !== undefined) {
      host.unwatch(this.#slot);
      this.#slot = undefined;
    } else {
      this.#update();
    }
    reader?.();
    writer?.();
    if (hungUp) this.#onHangUp();
  }
}
