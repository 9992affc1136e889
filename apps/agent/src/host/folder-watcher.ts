import { type DirectoryHandle, type FolderChange, type FolderWatcher, HostError } from '@innkeeper/agent-core';
import * as host from 'host';
import { Readiness } from '../channels/readiness.ts';
import { OpenDirectory } from './open-directory.ts';

const columns = 4;

/** See FolderWatcher. */
export class InotifyWatcher implements FolderWatcher {
  readonly #fd: number;
  readonly #readiness: Readiness;
  #isClosed = false;

  /** @param fd of one that an earlier program has handed over; default: a new one */
  constructor(fd = host.openWatches()) {
    this.#fd = fd;
    this.#readiness = new Readiness(fd, () => undefined);
  }

  get descriptor(): number {
    return this.#fd;
  }

  add(folder: DirectoryHandle, events: number): number {
    if (!(folder instanceof OpenDirectory)) throw new TypeError('expected a directory of this host');
    if (this.#isClosed) throw new HostError('EBADF', 'inotify_add_watch');
    return host.addWatch(this.#fd, folder.fd, events);
  }

  remove(watch: number): void {
    if (!this.#isClosed) host.removeWatch(this.#fd, watch);
  }

  read(): FolderChange[] {
    if (this.#isClosed) return [];
    const rows = host.readChanges(this.#fd);
    const changes: FolderChange[] = [];
    for (let at = 0; at < rows.length; at += columns)
      changes.push({
        watch: rows[at] as number,
        events: rows[at + 1] as number,
        cookie: rows[at + 2] as number,
        name: rows[at + 3] as string,
      });
    return changes;
  }

  async readable(): Promise<void> {
    if (!this.#isClosed) await this.#readiness.readable();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#readiness.wakeAll();
    host.close(this.#fd);
  }
}
