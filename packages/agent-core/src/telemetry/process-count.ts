import type { Host } from '../host.ts';

/** Reports between two looks at all of /proc. */
const trustedReports = 60;
/** What may come and go between the two questions of a look. */
const tolerance = 8;

/**
 * How many processes there are, threads not counted. Listing /proc costs the kernel an inode for every process, so it is
 * done now and then only; between, the links of /proc tell: two, one for each folder that is not a process, and one for
 * each process of the guest. Where that does not agree with the list (a PID namespace of our own, hidepid) the list is it.
 */
export class ProcessCount {
  readonly #host: Host;
  /** Links of /proc that are no process; undefined where they cannot be relied on. */
  #otherLinks: number | undefined;
  #reportsLeft = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  /** undefined when /proc cannot be read. */
  sample(): number | undefined {
    try {
      if (this.#reportsLeft-- > 0 && this.#otherLinks !== undefined) return this.#links() - this.#otherLinks;
      this.#reportsLeft = trustedReports;
      return this.#look();
    } catch {
      // EACCES under a strange mount of /proc: not known.
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
