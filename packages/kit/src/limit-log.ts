import type { Log, LogFields } from './log.ts';

/** Lines at once, and the time in which one more is allowed: 6 a minute in the long run. */
const burst = 30;
const perLineMs = 10_000;

/**
 * A log for what one guest can bring about as often as it likes: 30 lines at once, then one every 10 s, over all levels
 * and all that `with` makes of it. The next line after some were left out is preceded by "log.suppressed" with their count.
 */
export function limitLog(log: Log, clock: { now(): number }): Log {
  const bucket = { lines: burst, atMs: clock.now(), suppressed: 0 };
  const take = (to: Log): boolean => {
    const nowMs = clock.now();
    bucket.lines = Math.min(burst, bucket.lines + (nowMs - bucket.atMs) / perLineMs);
    bucket.atMs = nowMs;
    if (bucket.lines < 1) {
      bucket.suppressed++;
      return false;
    }
    bucket.lines--;
    if (bucket.suppressed > 0) to.warn('log.suppressed', { count: bucket.suppressed });
    bucket.suppressed = 0;
    return true;
  };
  const wrap = (to: Log): Log => {
    const write =
      (level: 'info' | 'warn' | 'error') =>
      (event: string, fields?: LogFields): void => {
        if (take(to)) to[level](event, fields);
      };
    return {
      // Off unless somebody looks for a fault, and then every line counts.
      debug: (event, fields) => to.debug(event, fields),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      with: (fields) => wrap(to.with(fields)),
    };
  };
  return wrap(log);
}
