import type { Host } from '../host.ts';

/** Reports between two listings of /proc. */
const trustedReports = 60;
/** Processes that may start or end between listing and stat. */
const tolerance = 8;

/**
 * The number of processes, without threads. Listing /proc costs the kernel an inode per process, so it is done rarely;
 * in between, the link count of /proc is used: two, one for each directory that is not a process, and one for each
 * process of the guest. If that does not match the listing (a PID namespace, hidepid), /proc is always listed.
 */
export class ProcessCount {
  readonly #host: Host;
  /** Links of /proc that are not processes; undefined if the link count is unreliable. */
  #otherLinks: number | undefined;
  #reportsLeft = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  /** undefined if /proc cannot be read. */
  sample(): number | undefined {
    try {
      const count = this.#otherLinks === undefined ? 0 : this.#links() - this.#otherLinks;
      // Without any, the links do not mean that: a mount of something else, or one with a constant number of links.
      if (this.#reportsLeft-- > 0 && count > 0) return count;
      this.#reportsLeft = trustedReports;
      return this.#look();
    } catch {
      // EACCES with an unusual mount of /proc: unknown.
      return undefined;
    }
  }

  #look(): number {
    const folder = this.#host.files.openDirectory('/proc', { noSymlinks: false });
    try {
      let processes = 0;
      let others = 2;
      for (let entries = folder.readEntries(); entries.length > 0; entries = folder.readEntries())
        for (const { name, type } of entries)
          if (/^\d/.test(name)) processes++;
          else if (type === 'directory') others++;
      this.#otherLinks = Math.abs(this.#links() - others - processes) <= tolerance ? others : undefined;
      return processes;
    } finally {
      folder.close();
    }
  }

  #links(): number {
    return this.#host.files.stat('/proc', true).linkCount;
  }
}
