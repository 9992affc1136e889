import { Notifier } from '@innkeeper/kit';
import type { Clock } from '../host.ts';
import type { EntryInit, LogFeed } from './log-feed.ts';

const maxLines = 500;
const maxLineChars = 512;
/** Of syslog(3). */
const priorities: Readonly<Record<string, number>> = { error: 3, warn: 4, info: 6, debug: 7 };

type Line = EntryInit & { readonly timeUnixNs: bigint };

/** Lines as the next program of the agent takes them over, as JSON. */
export interface AgentLogState {
  readonly lines: readonly (readonly [timeUnixNs: string, priority: number | null, message: string])[];
  /** Number of lines ever added. */
  readonly count: number;
}

/** The last 500 lines of the agent's own log, in memory. */
export class AgentLog {
  readonly #clock: Clock;
  #lines: Line[] = [];
  readonly #changes = new Notifier();
  /** Number of lines ever added. */
  #count = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get state(): AgentLogState {
    const lines = this.#lines.map(
      ({ timeUnixNs, priority, message }) => [`${timeUnixNs}`, priority ?? null, message] as const,
    );
    return { lines, count: this.#count };
  }

  /** Puts the lines of the program before this one before those that this one has added. */
  restore({ lines, count }: AgentLogState): void {
    const before = lines.map(([time, priority, message]) => lineOf(BigInt(time), priority ?? undefined, message));
    this.#lines = [...before, ...this.#lines].slice(-maxLines);
    this.#count += count;
    this.#changes.notify();
  }

  /** @param line begins with its level: "info agent.started version=…" */
  add(line: string): void {
    const priority = priorities[line.slice(0, line.indexOf(' '))];
    this.#lines.push(lineOf(this.#clock.wallTimeNs(), priority, line.slice(0, maxLineChars)));
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
    feed.begin(`${next}`);
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

function lineOf(timeUnixNs: bigint, priority: number | undefined, message: string): Line {
  return { timeUnixNs, ...(priority === undefined ? {} : { priority }), source: 'innkeeper-agent', message };
}
