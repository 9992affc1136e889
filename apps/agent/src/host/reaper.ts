import type { ProcessExit } from '@innkeeper/agent-core';
import { reap } from 'host';

interface Child {
  exit: ProcessExit | undefined;
  callback: ((exit: ProcessExit) => void) | undefined;
}

/**
 * Takes every child that ended. Ours are told to who waits for them; orphans, which the subreaper inherits, just go: what
 * is not kept cannot be taken for a later process with the same number.
 */
export class Reaper {
  readonly #children = new Map<number, Child>();

  /** A process that was just started, before anything else can happen: its end will be kept for `onExit`. */
  expect(pid: number): void {
    this.#children.set(pid, { exit: undefined, callback: undefined });
  }

  /**
   * Calls back once when a child that is expected has ended, also when it has already. A second call replaces the first.
   * False when its end has been told before, and nothing will come.
   */
  onExit(pid: number, callback: (exit: ProcessExit) => void): boolean {
    const child = this.#children.get(pid);
    if (child === undefined) return false;
    child.callback = callback;
    this.#tell(pid, child);
    return true;
  }

  reap(): void {
    const rows = reap();
    for (let at = 0; at + 5 < rows.length; at += 6) {
      const [pid = 0, exitCode = -1, signal = 0, userTimeUs = 0, systemTimeUs = 0, maxRssBytes = 0] = rows.slice(
        at,
        at + 6,
      );
      const child = this.#children.get(pid);
      if (child === undefined) continue;
      child.exit = {
        exitCode: exitCode < 0 ? undefined : exitCode,
        signal: signal === 0 ? undefined : signal,
        userTimeUs,
        systemTimeUs,
        maxRssBytes,
      };
      this.#tell(pid, child);
    }
  }

  #tell(pid: number, { exit, callback }: Child): void {
    if (exit === undefined || callback === undefined) return;
    this.#children.delete(pid);
    callback(exit);
  }
}
