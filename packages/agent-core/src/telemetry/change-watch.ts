import { Listeners } from '@innkeeper/kit';
import type { Host } from '../host.ts';

/**
 * Tells when links, addresses or routes, and when mounts have changed, while somebody follows. The counts go up at every
 * change; undefined: nobody listens, or this guest cannot tell, and what was read before may be wrong by now.
 */
export class ChangeWatch {
  readonly #host: Host;
  readonly #followers = new Listeners();
  #stops: (() => void)[] = [];
  #network: number | undefined;
  #mounts: number | undefined;
  /** Goes on when nobody listens, so that no count comes twice. */
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
