import { onAbort } from '@innkeeper/kit';
import type { FileHandle, Host } from '../host.ts';
import { isHostError } from '../host-error.ts';
import { openOptions } from './open-options.ts';
import { keepPartialMs, removeOldPartials } from './partial-files.ts';

/** In further folders, partial files are removed by the next upload there. */
const maxFolders = 1024;
const maxListBytes = 512 * 1024;
/** After the start of the guest, which is busy then. */
const firstSweepMs = 60_000;
/** More than the resolution of any file system's times. */
const sweepDelayMs = 5000;

/**
 * The folders in which partial files were created, in a list that outlives the agent: what an agent that was killed has
 * left is removed an hour later, also where nothing is written again.
 */
export class PartialFolders {
  readonly #host: Host;
  /** Path of the list. */
  readonly #path: string;
  readonly #folders = new Set<string>();
  #cancel: (() => void) | undefined;
  readonly #stopping: AbortSignal;

  /** Reads the list. @param path in a folder whose parent exists; otherwise nothing is remembered */
  constructor(host: Host, path: string, stopping: AbortSignal) {
    this.#host = host;
    this.#path = path;
    this.#stopping = stopping;
    onAbort(stopping, () => this.#cancel?.());
    attempt(() => {
      for (const folder of host.files.readNames(path, maxListBytes).split('\n'))
        if (folder.startsWith('/') && this.#folders.size < maxFolders) this.#folders.add(folder);
    });
    if (this.#folders.size > 0) this.#sweepIn(firstSweepMs);
  }

  /** To be called before a partial file is created in a folder. */
  add(folder: string): void {
    if (this.#folders.has(folder) || this.#folders.size >= maxFolders || folder.includes('\n')) return;
    this.#folders.add(folder);
    this.#sweepIn(keepPartialMs + sweepDelayMs);
    const { files } = this.#host;
    attempt(() => files.makeDirectory(this.#path.slice(0, this.#path.lastIndexOf('/')), 0o700));
    attempt(() =>
      this.#write(`${folder}\n`, files.open(this.#path, openOptions({ access: 'write', append: true, ...created }))),
    );
  }

  #write(text: string, file: FileHandle): void {
    try {
      this.#host.files.writeNext(file, new TextEncoder().encode(text));
    } finally {
      file.close();
    }
  }

  #sweepIn(delayMs: number): void {
    if (this.#stopping.aborted) return;
    this.#cancel ??= this.#host.clock.setTimer(delayMs, () => {
      this.#cancel = undefined;
      this.#sweep();
    });
  }

  #sweep(): void {
    const before = this.#folders.size;
    for (const folder of this.#folders) {
      let left = 0;
      // ENOENT: the folder is gone, and its partial files with it.
      attempt(() => {
        left = removeOldPartials(this.#host, folder);
      });
      if (left === 0) this.#folders.delete(folder);
    }
    if (this.#folders.size > 0) this.#sweepIn(keepPartialMs + sweepDelayMs);
    if (this.#folders.size === before) return;
    const text = [...this.#folders].map((folder) => `${folder}\n`).join('');
    const options = openOptions({ access: 'write', truncate: true, ...created });
    attempt(() => this.#write(text, this.#host.files.open(this.#path, options)));
  }
}

const created = { create: true, mode: 0o600 } as const;

/** The list is a convenience: without it, the next upload to a folder removes what is left there. */
function attempt(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!isHostError(error)) throw error;
  }
}
