/** Things of one kind that a new agent could not continue with, as one entry of `Succession.unrepeatable`. */
export class CountedWork {
  readonly #works: Set<{ readonly what: string }>;
  readonly #what: (count: number) => string;
  #count = 0;

  /** @param what describes them, such as "2 open file handles" */
  constructor(works: Set<{ readonly what: string }>, what: (count: number) => string) {
    this.#works = works;
    this.#what = what;
  }

  get what(): string {
    return this.#what(this.#count);
  }

  /** One more, until the result is called. */
  add(): () => void {
    this.#change(1);
    let isOver = false;
    return () => {
      if (!isOver) this.#change(-1);
      isOver = true;
    };
  }

  #change(by: number): void {
    this.#count += by;
    if (this.#count > 0) this.#works.add(this);
    else this.#works.delete(this);
  }
}
