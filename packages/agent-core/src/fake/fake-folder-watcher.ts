import { createDeferred } from '@innkeeper/kit';
import type { DirectoryHandle, FolderChange, FolderWatcher } from '../host.ts';
import { HostError } from '../host-error.ts';
import { FakeDirectory } from './fake-directory.ts';
import type { FakeNode } from './fake-tree.ts';

/** Changes per read: few, so that tests get more than one read. */
const batch = 8;

/** A watcher whose changes a test makes. */
export class FakeFolderWatcher implements FolderWatcher {
  readonly #watched = new Map<FakeNode, number>();
  readonly #changes: FolderChange[] = [];
  readonly #find: (path: string) => FakeNode;
  readonly #onClose: () => void;
  readonly descriptor: number;
  #last = 0;
  #arrived = createDeferred<void>();
  readonly #refusal: string | undefined;

  /** @param options.refusal errno with which `add` fails */
  constructor(
    find: (path: string) => FakeNode,
    onClose: () => void,
    { descriptor, refusal }: { readonly descriptor: number; readonly refusal: string | undefined },
  ) {
    this.descriptor = descriptor;
    this.#refusal = refusal;
    this.#find = find;
    this.#onClose = onClose;
  }

  /** Number of watched folders. */
  get size(): number {
    return this.#watched.size;
  }

  /** A change of a name in a watched folder, which is found by its path now; of an unwatched one nothing is reported. */
  change(folder: string, events: number, name: string, cookie = 0): void {
    const watch = this.#watched.get(this.#find(folder));
    if (watch !== undefined) this.push({ watch, events, cookie, name });
  }

  push(change: FolderChange): void {
    this.#changes.push(change);
    this.#arrived.resolve();
  }

  add(folder: DirectoryHandle): number {
    if (!(folder instanceof FakeDirectory)) throw new TypeError('expected a directory of this host');
    if (this.#refusal !== undefined) throw new HostError(this.#refusal, 'inotify_add_watch');
    const known = this.#watched.get(folder.node);
    if (known !== undefined) return known;
    this.#watched.set(folder.node, ++this.#last);
    return this.#last;
  }

  remove(watch: number): void {
    for (const [node, number] of this.#watched) if (number === watch) this.#watched.delete(node);
  }

  read(): FolderChange[] {
    const changes = this.#changes.splice(0, batch);
    if (this.#changes.length === 0) this.#arrived = createDeferred<void>();
    return changes;
  }

  async readable(): Promise<void> {
    await this.#arrived.promise;
  }

  close(): void {
    this.#watched.clear();
    this.#onClose();
    this.#arrived.resolve();
  }
}
