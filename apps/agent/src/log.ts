import type { Log, LogFields } from '@innkeeper/kit';
import type { LineWriter } from './line-writer.ts';

const levels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof levels)[number];

/**
 * One line per event: level, event, fields as name=value. The init system adds the time. Never waits: `to` queues or
 * drops what cannot be written now.
 */
export function createLog(from: LogLevel, to: Pick<LineWriter, 'write'>, base: LogFields = {}): Log {
  const write = (level: LogLevel, event: string, fields: LogFields = {}): void => {
    if (levels.indexOf(level) < levels.indexOf(from)) return;
    const rest = Object.entries({ ...base, ...fields })
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ` ${name}=${typeof value === 'string' ? JSON.stringify(value) : String(value)}`);
    to.write(`${level} ${event}${rest.join('')}`);
  };
  return {
    debug: (event, fields) => write('debug', event, fields),
    info: (event, fields) => write('info', event, fields),
    warn: (event, fields) => write('warn', event, fields),
    error: (event, fields) => write('error', event, fields),
    with: (fields) => createLog(from, to, { ...base, ...fields }),
  };
}

/** The level with this name; undefined if there is none. */
export function parseLogLevel(text: string): LogLevel | undefined {
  return levels.find((level) => level === text);
}
