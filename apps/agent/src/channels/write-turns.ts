/** Serialises writes, as kit's Channel promises; without a queue a write starts at once. */
export class WriteTurns {
  #last: Promise<void> | undefined;

  /** Whether a write is running or waiting. */
  get areTaken(): boolean {
    return this.#last !== undefined;
  }

  take(write: () => Promise<void>): Promise<void> {
    const before = this.#last;
    // A failed write is reported to its own caller; the next one fails by itself.
    const mine = before === undefined ? write() : before.then(write, write);
    this.#last = mine;
    const clear = (): void => {
      if (this.#last === mine) this.#last = undefined;
    };
    mine.then(clear, clear);
    return mine;
  }
}
