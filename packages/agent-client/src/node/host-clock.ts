import type { LinkClock } from '../clock.ts';

/** The clock of this process. Its timers do not keep the process alive. */
export const hostClock: LinkClock = {
  nowMs: () => performance.now(),
  wallNs: () => BigInt(Date.now()) * 1_000_000n,
  setTimer: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  nextTurn: (callback) => void setImmediate(callback),
};
