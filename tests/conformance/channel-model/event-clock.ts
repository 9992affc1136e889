import { setImmediate } from 'node:timers/promises';
import type { LinkClock } from '@innkeeper/agent-client';
import type { Clock } from '@innkeeper/agent-core';

/** Start of the wall clock. */
const startNs = 1_790_000_000_000_000_000n;

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
}

/**
 * A clock for both sides, which jumps to the next timer when nothing else can happen. Everything in these tests is in
 * memory, so one empty turn of the event loop means that.
 */
export class EventClock implements Clock, LinkClock {
  readonly #timers = new Set<Timer>();
  /** Schedules work for the next turn, before time advances. */
  readonly #turns: (() => void)[] = [];
  #nowMs = 0;

  get pendingTimers(): number {
    return this.#timers.size;
  }

  nowMs = (): number => this.#nowMs;
  monotonicMs = (): number => this.#nowMs;
  monotonicNs = (): bigint => BigInt(Math.round(this.#nowMs * 1_000_000));
  wallTimeNs = (): bigint => startNs + this.monotonicNs();
  wallNs = (): bigint => this.wallTimeNs();
  setWallTimeNs = (): void => undefined;

  setTimer = (delayMs: number, callback: () => void): (() => void) => {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  nextTurn = (callback: () => void): void => void this.#turns.push(callback);

  /** Advances time until the work is done. Rejects when that takes longer than `limitMs` of this clock's time. */
  async run<T>(work: PromiseLike<T>, limitMs = 120_000): Promise<T> {
    const untilMs = this.#nowMs + limitMs;
    let over = false;
    const finish = (): void => {
      over = true;
    };
    work.then(finish, finish);
    for (;;) {
      await setImmediate();
      if (over) return await work;
      const turns = this.#turns.splice(0);
      for (const turn of turns) turn();
      if (turns.length === 0) this.#next(untilMs);
    }
  }

  /** Advances time by `ms`. */
  async pass(ms: number): Promise<void> {
    await this.run(new Promise<void>((resolve) => this.setTimer(ms, resolve)), ms + 1);
  }

  #next(untilMs: number): void {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.atMs < next.atMs) next = timer;
    if (next === undefined) throw new Error(`At ${this.#nowMs} ms nothing is pending any more.`);
    if (next.atMs > untilMs) throw new Error(`Not done at ${this.#nowMs} ms.`);
    this.#timers.delete(next);
    this.#nowMs = next.atMs;
    next.callback();
  }
}
