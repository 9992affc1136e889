import type { ReadLogRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { maxLogLines } from '@innkeeper/contract/limits';
import { whyNoJournal } from '../capabilities.ts';
import type { Host } from '../host.ts';
import { programLines } from '../lines/program-lines.ts';
import { programPath } from '../program-path.ts';
import { checkUnitName } from '../unit/unit-manager.ts';
import type { EntryInit, LogFeed } from './log-feed.ts';

const maxLineBytes = 64 * 1024;
const fields = 'MESSAGE,PRIORITY,_PID,SYSLOG_IDENTIFIER,_SYSTEMD_UNIT';

/** The journal through journalctl: its last entries, then, to follow, those after them. */
export async function readJournal(
  host: Host,
  feed: LogFeed,
  request: ReadLogRequest,
  signal: AbortSignal,
): Promise<void> {
  const journalctl = programPath(host, 'journalctl');
  const missing = whyNoJournal(host);
  if (journalctl === undefined || missing !== undefined)
    throw new OperationError('UNSUPPORTED_BY_AGENT', `This guest has no journal: ${missing}.`);
  const { unit, maxPriority, sinceUnixNs, cursor, follow } = request;
  if (unit !== '') checkUnitName(unit);
  if (!/^[\w=;:-]{0,512}$/.test(cursor))
    throw new OperationError('INVALID_ARGUMENT', 'cursor must be that of a batch.');
  const [, cursorUs] = /^time:(\d{1,18})$/.exec(cursor) ?? [];
  const startUs = cursorUs === undefined ? host.clock.wallTimeNs() / 1000n : BigInt(cursorUs);
  const chosen = [
    `--output-fields=${fields}`,
    ...(unit === '' ? [] : ['-u', unit]),
    ...(maxPriority === undefined ? [] : ['-p', `${maxPriority}`]),
  ];
  let last = cursorUs === undefined ? cursor : '';
  // Without any entry there is no place to continue from but the time of the start.
  const fromStart = `--since=@${startUs / 1_000_000n}.${`${startUs % 1_000_000n}`.padStart(6, '0')}`;
  if (last === '') feed.begin(`time:${startUs}`);
  const run = async (more: readonly string[]): Promise<void> => {
    const argv = [journalctl, '--no-pager', '-q', '-o', 'json', ...chosen, ...more];
    for await (const lines of programLines(host, argv, maxLineBytes, signal)) {
      for (const line of lines) {
        const found = parseEntry(line);
        if (found === undefined) continue;
        last = found.cursor;
        await feed.offer(found.entry, last);
      }
      await feed.flush();
    }
  };
  const since = sinceUnixNs === undefined ? undefined : `--since=@${sinceUnixNs / 1_000_000_000n}`;
  if (last !== '') await run([`--after-cursor=${last}`]);
  else if (cursorUs !== undefined) await run([fromStart, '-n', 'all']);
  else if (since !== undefined && feed.searches) await run([since]);
  else await run([...(since === undefined ? [] : [since]), '-n', `${feed.searches ? maxLogLines : feed.wanted}`]);
  await feed.endBacklog();
  if (follow) await run(['-f', last === '' ? fromStart : `--after-cursor=${last}`, '-n', 'all']);
}

/** An entry of `journalctl -o json`; undefined for a line that was cut off or is malformed. */
function parseEntry(line: string): { readonly entry: EntryInit; readonly cursor: string } | undefined {
  let row: Record<string, unknown> | null;
  try {
    row = JSON.parse(line) as Record<string, unknown> | null;
  } catch {
    // SyntaxError.
    return undefined;
  }
  if (row === null) return undefined;
  const text = (name: string): string => textOf(row[name]);
  const time = text('__REALTIME_TIMESTAMP');
  const priority = text('PRIORITY');
  const pid = text('_PID');
  return {
    cursor: text('__CURSOR').slice(0, 512),
    entry: {
      ...(/^\d{1,18}$/.test(time) ? { timeUnixNs: BigInt(time) * 1000n } : {}),
      ...(/^[0-7]$/.test(priority) ? { priority: Number(priority) } : {}),
      ...(/^\d{1,9}$/.test(pid) ? { pid: Number(pid) } : {}),
      source: (text('SYSLOG_IDENTIFIER') || text('_SYSTEMD_UNIT')).slice(0, 256),
      message: text('MESSAGE'),
    },
  };
}

/** A field; as bytes if it is not valid text, and the last one if it has several values. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return '';
  const list = value as unknown[];
  if (list.every((each) => typeof each === 'number')) return new TextDecoder().decode(Uint8Array.from(list));
  return textOf(list.at(-1));
}
