/**
 * The first `limit` of the offered items, in order, and whether there were more. Holds at most that many, however many
 * are offered.
 */
export class SortedPage<T> {
  readonly #limit: number;
  readonly #compare: (a: T, b: T) => number;
  readonly #items: T[] = [];
  #more = false;

  constructor(limit: number, compare: (a: T, b: T) => number) {
    this.#limit = limit;
    this.#compare = compare;
  }

  get items(): readonly T[] {
    return this.#items;
  }

  get more(): boolean {
    return this.#more;
  }

  offer(item: T): void {
    const last = this.#items.at(-1);
    const isFull = this.#items.length >= this.#limit;
    if (isFull && last !== undefined && this.#compare(item, last) >= 0) {
      this.#more = true;
      return;
    }
    this.#items.splice(this.#positionOf(item), 0, item);
    if (!isFull) return;
    this.#items.pop();
    this.#more = true;
  }

  /** Binary search: the number of items before it. */
  #positionOf(item: T): number {
    let from = 0;
    let to = this.#items.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const there = this.#items[middle];
      if (there !== undefined && this.#compare(there, item) <= 0) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
