import type { ProcessExit } from '@innkeeper/agent-core';
import { reap } from 'host';

interface Child {
  exit: ProcessExit | undefined;
  callback: ((exit: ProcessExit) => void) | undefined;
}

/**
 * Reaps every child that ended. The ends of expected children are reported to whoever waits for them; orphans inherited
 * by the subreaper are only reaped: a kept end could be mistaken for that of a later process with the same number.
 */
export class Reaper {
  /** While true, nothing is reaped. */
  isHeld = false;
  readonly #children = new Map<number, Child>();

  /** Registers a process right after its start, before its end can be reaped: its end is kept for `onExit`. */
  expect(pid: number): void {
    this.#children.set(pid, { exit: undefined, callback: undefined });
  }

  /**
   * Calls back once when an expected child has ended, or at once if it already has. A second call replaces the first.
   * Returns false if its end was already reported.
   */
  onExit(pid: number, callback: (exit: ProcessExit) => void): boolean {
    const child = this.#children.get(pid);
    if (child === undefined) return false;
    child.callback = callback;
    this.#report(pid, child);
    return true;
  }

  reap(): void {
    if (this.isHeld) return;
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
      this.#report(pid, child);
    }
  }

  #report(pid: number, { exit, callback }: Child): void {
    if (exit === undefined || callback === undefined) return;
    this.#children.delete(pid);
    callback(exit);
  }
}
