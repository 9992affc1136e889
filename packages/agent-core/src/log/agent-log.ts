import { Notifier } from '@innkeeper/kit';
import type { Clock } from '../host.ts';
import type { EntryInit, LogFeed } from './log-feed.ts';

const maxLines = 500;
const maxLineChars = 512;
/** Of syslog(3). */
const priorities: Readonly<Record<string, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

/** The last 500 lines of the agent's own log, in memory. */
export class AgentLog {
  readonly #clock: Clock;
  readonly #lines: EntryInit[] = [];
  readonly #changes = new Notifier();
  /** Number of lines ever added. */
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param line begins with its level: "info agent.started version=…" */
  add(line: string): void {
    const priority = priorities[line.slice(0, line.indexOf(' '))];
    this.#lines.push({
      timeUnixNs: this.#clock.wallTimeNs(),
      ...(priority === undefined ? {} : { priority }),
      source: 'innkeeper-agent',
      message: line.slice(0, maxLineChars),
    });
    if (this.#lines.length > maxLines) this.#lines.shift();
    this.#count += 1;
    this.#changes.notify();
  }

  /** Offers what is there and, to follow, what is added. A cursor is the number of lines before it. */
  async read(feed: LogFeed, cursor: string, follow: boolean, signal: AbortSignal): Promise<void> {
    let next = /^\d{1,15}$/.test(cursor) ? Number(cursor) : 0;
    // Of an agent before this one.
    if (next > this.#count) next = 0;
    let isBacklog = true;
    while (!signal.aborted) {
      const first = this.#count - this.#lines.length;
      if (next < first) {
        if (!isBacklog || cursor !== '') feed.lose(first - next);
        next = first;
      }
      for (const entry of this.#lines.slice(next - first)) {
        next += 1;
        await feed.offer(entry, `${next}`);
      }
      if (isBacklog) await feed.endBacklog();
      else await feed.flush();
      isBacklog = false;
      if (!follow) return;
      await this.#changes.until(() => this.#count > next || signal.aborted, signal);
    }
  }
}
