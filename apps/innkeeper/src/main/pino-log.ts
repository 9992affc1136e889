import { styleText } from 'node:util';
import type { Log } from '@innkeeper/kit';
import { type DestinationStream, destination, type Logger, pino } from 'pino';

/**
 * A log on stderr: JSON lines, and on a terminal one plain line for each entry. `level`: "debug", "info", "warn",
 * "error".
 */
export function createPinoLog(level: string, stderr: NodeJS.WriteStream = process.stderr): Log {
  const stream: DestinationStream =
    stderr.isTTY === true
      ? { write: (line) => void stderr.write(plainLine(line)) }
      : destination({ fd: 2, sync: true });
  return wrap(pino({ level, base: { pid: process.pid } }, stream));
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

const colors: Readonly<Record<number, 'gray' | 'green' | 'yellow' | 'red'>> = {
  20: 'gray',
  30: 'green',
  40: 'yellow',
  50: 'red',
};

/** "09:15:02.123 vm.running vm=hello" */
function plainLine(json: string): string {
  const { level, time, pid: _pid, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const clock = new Date(Number(time)).toISOString().slice(11, 23);
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? quote(value) : value}`,
  );
  // On a terminal a line that a guest had a hand in must not move the cursor.
  return `\r\x1b[K${clock} ${styleText(colors[Number(level)] ?? 'red', String(msg))} ${rest.join(' ')}\n`;
}

function quote(text: string): string {
  return /^[\w./:@-]*$/.test(text) ? text : JSON.stringify(text);
}
