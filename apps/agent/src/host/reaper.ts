import type { ProcessExit } from '@innkeeper/agent-core';
import { reap } from 'host';

/** Takes every child that ended, ours and orphans alike, and tells who waits for it. */
export class Reaper {
  readonly #waiting = new Map<number, (exit: ProcessExit) => void>();
  /** Ended before anybody waited: a program can be quicker than the one who started it. */
  readonly #early = new Map<number, ProcessExit>();

  /** Calls back once when the child has ended, also when it has already. */
  onExit(pid: number, callback: (exit: ProcessExit) => void): void {
    const early = this.#early.get(pid);
    if (early === undefined) {
      this.#waiting.set(pid, callback);
      return;
    }
    this.#early.delete(pid);
    callback(early);
  }

  reap(): void {
    const rows = reap();
    for (let at = 0; at + 5 < rows.length; at += 6) {
      const [pid = 0, exitCode = -1, signal = 0, userTimeUs = 0, systemTimeUs = 0, maxRssBytes = 0] = rows.slice(
        at,
        at + 6,
      );
      const exit = {
        exitCode: exitCode < 0 ? undefined : exitCode,
        signal: signal === 0 ? undefined : signal,
        userTimeUs,
        systemTimeUs,
        maxRssBytes,
      };
      const callback = this.#waiting.get(pid);
      this.#waiting.delete(pid);
      if (callback !== undefined) callback(exit);
      else this.#keepEarly(pid, exit);
    }
  }

  /** Orphans that nobody asks for pass through here, so it is bounded. */
  #keepEarly(pid: number, exit: ProcessExit): void {
    this.#early.set(pid, exit);
    const oldest = this.#early.keys().next();
    if (this.#early.size > 64 && oldest.done === false) this.#early.delete(oldest.value);
  }
}
