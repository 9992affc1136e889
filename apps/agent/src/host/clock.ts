import type { Clock } from '@innkeeper/agent-core';
import type { Timers } from '@innkeeper/kit';
import * as host from 'host';

/** Timers on the guest's monotonic clock. */
export const guestTimers: Timers = {
  setTimer: (delayMs, callback) => {
    const id = host.setTimer(delayMs, callback);
    return () => host.clearTimer(id);
  },
};

export function createClock(): Clock {
  return {
    wallTimeNs: () => host.now(0),
    monotonicNs: () => host.now(1),
    monotonicMs: host.monotonicMs,
    setWallTimeNs: host.setRealtime,
    ...guestTimers,
  };
}
