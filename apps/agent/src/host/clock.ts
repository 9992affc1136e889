import type { Clock } from '@innkeeper/agent-core';
import * as host from 'host';

export function createClock(): Clock {
  return {
    wallTimeNs: () => host.now(0),
    monotonicNs: () => host.now(1),
    monotonicMs: host.monotonicMs,
    setWallTimeNs: host.setRealtime,
    setTimer: (delayMs, callback) => {
      const id = host.setTimer(delayMs, callback);
      return () => host.clearTimer(id);
    },
  };
}
