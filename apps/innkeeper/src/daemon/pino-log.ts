import type { Log } from '@innkeeper/kit';
import { destination, type Logger, pino } from 'pino';

/** A log that writes JSON lines to stderr. `level`: "debug", "info", "warn", "error". */
export function createPinoLog(level: string): Log {
  return wrap(pino({ level, base: { pid: process.pid } }, destination({ fd: 2, sync: true })));
}

function wrap(logger: Logger): Log {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error'): Log['info'] =>
    (event, fields) => {
      // JSON has no 64-bit integers.
      const entries = Object.entries(fields ?? {}).map(([k, v]) => [k, typeof v === 'bigint' ? v.toString() : v]);
      logger[level](Object.fromEntries(entries), event);
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    with: (fields) => wrap(logger.child(fields)),
  };
}
