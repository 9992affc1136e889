import type { Clock } from '../host.ts';

/** What `globalThis` of Node and browsers offers. */
export interface TimerFunctions {
  setTimeout(callback: () => void, delayMs: number): unknown;
  clearTimeout(handle: unknown): void;
}

/** A clock that runs, for tests that go through real sockets: `realClock(globalThis)`. Setting it moves only itself. */
export function realClock(timers: TimerFunctions): Clock {
  const startMs = Date.now();
  let offsetNs = 0n;
  const monotonicMs = (): number => Date.now() - startMs;
  return {
    wallTimeNs: () => BigInt(Date.now()) * 1_000_000n + offsetNs,
    monotonicNs: () => BigInt(monotonicMs()) * 1_000_000n,
    monotonicMs,
    setWallTimeNs: (time) => {
      offsetNs = time - BigInt(Date.now()) * 1_000_000n;
    },
    setTimer: (delayMs, callback) => {
      const handle = timers.setTimeout(callback, delayMs);
      return () => timers.clearTimeout(handle);
    },
  };
}
