import type { Log, LogFields } from './log.ts';

/** Size of a burst, and the interval at which one more line is allowed: 6 a minute in the long run. */
const burst = 30;
const perLineMs = 10_000;

/**
 * A rate-limited log for events that a guest can cause as often as it likes: a burst of 30 lines, then one every 10 s, over
 * all levels and all logs derived by `with`. After suppressed lines, the next line is preceded by "log.suppressed" with
 * their count.
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
      // Not limited: debug is only on while somebody investigates a problem, and then every line matters.
      debug: (event, fields) => to.debug(event, fields),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      with: (fields) => wrap(to.with(fields)),
    };
  };
  return wrap(log);
}
