import { type Event, EventSchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { CliError } from '../cli-error.ts';
import { contextOf } from '../context.ts';
import { formatTime } from '../output/figures.ts';
import { printLine } from '../output/print-line.ts';
import { printRows } from '../output/print-rows.ts';
import { parseCount } from '../parse-count.ts';
import { parseSince } from '../parse-since.ts';

interface EventsOptions {
  readonly lines: string;
  readonly follow?: boolean;
  readonly type?: string;
  readonly vm?: string;
  readonly since?: string;
}

/** The most that the daemon gives at once. */
const maxEvents = 1000;

/** `inn events [VM]`: what happened, and with -f what happens. */
export async function run(command: Command, named: string | undefined): Promise<void> {
  const { client, options } = contextOf<EventsOptions>(command);
  if (named !== undefined && options.vm !== undefined) throw new CliError('name the VM once');
  const vm = named ?? options.vm ?? '';
  const lines = parseCount(options.lines, '--lines', 1, maxEvents);
  const sinceNs = options.since === undefined ? 0n : parseSince(options.since, '--since', Date.now());
  const fits = ({ kind, timeUnixNs }: Event): boolean => kind.startsWith(options.type ?? '') && timeUnixNs >= sinceNs;
  const isNarrowed = options.type !== undefined || options.since !== undefined;
  const { events } = await client.vms.listEvents({ vm, limit: isNarrowed ? maxEvents : lines });
  const past = events.filter(fits).slice(0, lines).reverse();
  const isTold = options.follow === true && (options.output === 'json' || options.output === 'yaml');
  const list = {
    schema: EventSchema,
    columns: [
      { title: 'TIME', value: (event: Event) => formatTime(event.timeUnixNs) },
      { title: 'VM', value: (event: Event) => event.vmName || event.vmId.slice(0, 8) },
      { title: 'EVENT', value: (event: Event) => (event.count > 1 ? `${event.kind} ×${event.count}` : event.kind) },
      { title: 'WHAT', value: whatOf },
    ],
    nameOf: (event: Event) => `${event.id}`,
    whenEmpty: options.follow === true ? 'Nothing has happened yet; waiting.' : 'Nothing has happened.',
    options,
  };
  if (isTold) for (const event of past) await printLine(event, list);
  else printRows(past, list);
  if (options.follow !== true) return;
  // What happens between the two questions has an id after the newest that is known.
  for await (const event of client.events({ vm, afterId: events[0]?.id ?? 0n }))
    if (fits(event)) await printLine(event, list);
}

/** Of one that repeated, the last message, and when it was first. */
function whatOf({ message, count, firstTimeUnixNs }: Event): string {
  return count > 1 ? `${message} (first ${formatTime(firstTimeUnixNs)})`.trim() : message;
}
