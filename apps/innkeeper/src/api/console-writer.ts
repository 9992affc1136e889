import type { ConsoleStream } from '@innkeeper/hypervisor';

/** One who looks at a console, as the others see them. */
export interface ConsoleViewer {
  /** The control plane's user. */
  readonly name: string;
  /** Who types changed: the name, and whether it is this viewer. */
  onWriter(name: string | null, isYou: boolean): void;
}

const perConsole = new WeakMap<ConsoleStream, ConsoleWriter>();

/** Who of those who look at one console may type: one at a time, or nobody. */
export class ConsoleWriter {
  readonly #viewers = new Set<ConsoleViewer>();
  #writer: ConsoleViewer | undefined;

  /** The one of this console, shared by all its viewers. */
  static of(console: ConsoleStream): ConsoleWriter {
    const known = perConsole.get(console);
    if (known !== undefined) return known;
    const made = new ConsoleWriter();
    perConsole.set(console, made);
    return made;
  }

  /** The name of who types; null while nobody does. */
  get name(): string | null {
    return this.#writer?.name ?? null;
  }

  /** Tells who types, now and at each change. The function returned ends that, and gives up the writing. */
  join(viewer: ConsoleViewer): () => void {
    this.#viewers.add(viewer);
    viewer.onWriter(this.name, false);
    return () => {
      this.#viewers.delete(viewer);
      this.release(viewer);
    };
  }

  /** Whether the viewer may type; with nobody writing, this makes them the writer. */
  claim(viewer: ConsoleViewer): boolean {
    if (this.#writer === undefined) this.take(viewer);
    return this.#writer === viewer;
  }

  /** Makes the viewer the writer, whoever was it. */
  take(viewer: ConsoleViewer): void {
    if (this.#writer !== viewer) this.#change(viewer);
  }

  /** Nobody types any more, if it was this viewer. */
  release(viewer: ConsoleViewer): void {
    if (this.#writer === viewer) this.#change(undefined);
  }

  #change(writer: ConsoleViewer | undefined): void {
    this.#writer = writer;
    for (const viewer of [...this.#viewers]) viewer.onWriter(this.name, viewer === writer);
  }
}
