import { Listeners } from '@innkeeper/kit';
import type { Host } from '../host.ts';

/**
 * Counts changes of links, addresses and routes, and of mounts, while it has followers. The counts increase at every
 * change; undefined: no followers, or not supported in this guest, so cached values may be outdated.
 */
export class ChangeWatch {
  readonly #host: Host;
  readonly #followers = new Listeners();
  #stops: (() => void)[] = [];
  #network: number | undefined;
  #mounts: number | undefined;
  /** Continues without followers, so that no count repeats. */
  #count = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  get networkChanges(): number | undefined {
    return this.#network;
  }

  get mountChanges(): number | undefined {
    return this.#mounts;
  }

  /** Calls back at every change until the function returned is called. */
  follow(onChange: () => void): () => void {
    if (this.#followers.size === 0) this.#begin();
    const remove = this.#followers.add(onChange);
    return () => {
      const before = this.#followers.size;
      remove();
      if (before > 0 && this.#followers.size === 0) this.#end();
    };
  }

  /** Something else changed that a report has. */
  notify(): void {
    this.#followers.emit();
  }

  #begin(): void {
    const { network, files } = this.#host;
    try {
      this.#stops.push(network.watch(() => this.#onNetwork()));
      this.#network = ++this.#count;
    } catch {
      // No netlink in this kernel or sandbox: addresses are read for every report.
    }
    try {
      this.#stops.push(files.watchMounts(() => this.#onMounts()));
      this.#mounts = ++this.#count;
    } catch {
      // No mountinfo: there is nothing to report either.
    }
  }

  #end(): void {
    for (const stop of this.#stops) stop();
    this.#stops = [];
    this.#network = undefined;
    this.#mounts = undefined;
  }

  #onNetwork(): void {
    this.#network = ++this.#count;
    this.#followers.emit();
  }

  #onMounts(): void {
    this.#mounts = ++this.#count;
    this.#followers.emit();
  }
}
