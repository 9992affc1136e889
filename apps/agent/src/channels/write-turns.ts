/** Lets writes go one after the other, as kit's Channel promises; the first in line goes at once. */
export class WriteTurns {
  #last: Promise<void> | undefined;

  /** Whether somebody writes or waits to. */
  get areTaken(): boolean {
    return this.#last !== undefined;
  }

  take(write: () => Promise<void>): Promise<void> {
    const before = this.#last;
    // A failed write is its own caller's; the next one finds out for itself.
    const mine = before === undefined ? write() : before.then(write, write);
    this.#last = mine;
    const clear = (): void => {
      if (this.#last === mine) this.#last = undefined;
    };
    mine.then(clear, clear);
    return mine;
  }
}
