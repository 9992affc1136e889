import { type TimerFunctions, timersOf } from '@innkeeper/kit';
import type { Clock } from '../host.ts';

/**
 * A running clock for tests with real sockets: `realClock(globalThis)`. Setting it does not affect the system's clock.
 */
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
    ...timersOf(timers),
  };
}
