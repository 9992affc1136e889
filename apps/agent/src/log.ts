import type { Log, LogFields } from '@innkeeper/kit';
import { print } from 'host';

const levels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof levels)[number];

/** One line an event on standard error: level, event, fields as name=value. The init system adds the time. */
export function createLog(from: LogLevel, base: LogFields = {}): Log {
  const write = (level: LogLevel, event: string, fields: LogFields = {}): void => {
    if (levels.indexOf(level) < levels.indexOf(from)) return;
    const rest = Object.entries({ ...base, ...fields })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ` ${name}=${typeof value === 'string' ? JSON.stringify(value) : String(value)}`);
    print(`${level} ${event}${rest.join('')}`);
  };
  return {
    debug: (event, fields) => write('debug', event, fields),
    info: (event, fields) => write('info', event, fields),
    warn: (event, fields) => write('warn', event, fields),
    error: (event, fields) => write('error', event, fields),
    with: (fields) => createLog(from, { ...base, ...fields }),
  };
}

/** The level of a name, undefined for other words. */
export function parseLogLevel(text: string): LogLevel | undefined {
  return levels.find((level) => level === text);
}
