import type { ConsoleStream } from '@innkeeper/hypervisor';

/** A viewer of a console, as the other viewers see them. */
export interface ConsoleViewer {
  /** The control plane's user. */
  readonly name: string;
  /** Called when the writer changes: the name, and whether it is this viewer. */
  onWriter(name: string | null, isYou: boolean): void;
}

const perConsole = new WeakMap<ConsoleStream, ConsoleWriter>();

/** The writer of a console: at most one of its viewers may type. */
export class ConsoleWriter {
  readonly #viewers = new Set<ConsoleViewer>();
  #writer: ConsoleViewer | undefined;

  /** Returns the object of this console, which all its viewers share. */
  static of(console: ConsoleStream): ConsoleWriter {
    const known = perConsole.get(console);
    if (known !== undefined) return known;
    const made = new ConsoleWriter();
    perConsole.set(console, made);
    return made;
  }

  /** The writer's name; null while there is none. */
  get name(): string | null {
    return this.#writer?.name ?? null;
  }

  /** Notifies the viewer of the writer, now and at each change. Returns a function that stops this and releases writing. */
  join(viewer: ConsoleViewer): () => void {
    this.#viewers.add(viewer);
    viewer.onWriter(this.name, false);
    return () => {
      this.#viewers.delete(viewer);
      this.release(viewer);
    };
  }

  /** Whether the viewer may type. Without a writer, this makes the viewer the writer. */
  claim(viewer: ConsoleViewer): boolean {
    if (this.#writer === undefined) this.take(viewer);
    return this.#writer === viewer;
  }

  /** Takes over writing from the current writer. */
  take(viewer: ConsoleViewer): void {
    if (this.#writer !== viewer) this.#change(viewer);
  }

  /** Releases writing if the viewer is the writer. */
  release(viewer: ConsoleViewer): void {
    if (this.#writer === viewer) this.#change(undefined);
  }

  #change(writer: ConsoleViewer | undefined): void {
    this.#writer = writer;
    for (const viewer of [...this.#viewers]) viewer.onWriter(this.name, viewer === writer);
  }
}
