import { type Event, EventSchema } from '@innkeeper/contract/control';
import { CliError } from '../cli-error.ts';
import { defineCommand } from '../define-command.ts';
import { flag, outputOptions, text } from '../options.ts';
import { formatTime } from '../output/format.ts';
import { printLine } from '../output/print-line.ts';
import { printRows } from '../output/print-list.ts';
import { parseCount, parseSince } from '../parse-values.ts';

/** The most that the daemon returns at once. */
const maxEvents = 1000;

/** `inn events [VM]`: past events, and with -f new ones as they happen. */
export const command = defineCommand({
  arguments: '[vm]',
  options: [
    ...outputOptions,
    text('-n, --lines <count>', 'number of events, at most 1000', '50'),
    flag('-f, --follow', 'continue with new events'),
    text('--vm <vm>', 'only events of this VM'),
    text('--type <prefix>', 'only events that begin with this, such as agent or vm.started'),
    text('--since <time>', 'only events since then, such as 10m, 2h, 7d or 2026-11-21T08:00'),
  ],
  async run({ client, options }, named) {
    if (named !== undefined && options.vm !== undefined) throw new CliError('Name the VM once.');
    const vm = named ?? options.vm ?? '';
    const lines = parseCount(options.lines, '--lines', 1, maxEvents);
    const sinceNs = options.since === undefined ? 0n : parseSince(options.since, '--since', Date.now());
    const matches = ({ kind, timeUnixNs }: Event): boolean =>
      kind.startsWith(options.type ?? '') && timeUnixNs >= sinceNs;
    const isFiltered = options.type !== undefined || options.since !== undefined;
    const { events } = await client.vms.listEvents({ vm, limit: isFiltered ? maxEvents : lines });
    const past = events.filter(matches).slice(0, lines).reverse();
    const isJsonStream = options.follow && (options.output === 'json' || options.output === 'yaml');
    const list = {
      schema: EventSchema,
      columns: [
        { title: 'TIME', value: (event: Event) => formatTime(event.timeUnixNs) },
        { title: 'VM', value: (event: Event) => event.vmName || event.vmId.slice(0, 8) },
        { title: 'EVENT', value: (event: Event) => (event.count > 1 ? `${event.kind} ×${event.count}` : event.kind) },
        { title: 'WHAT', value: messageOf },
      ],
      nameOf: (event: Event) => `${event.id}`,
      whenEmpty: options.follow ? 'No events yet; waiting.' : 'No events.',
      options,
    };
    if (isJsonStream) for (const event of past) await printLine(event, list);
    else printRows(past, list);
    if (!options.follow) return;
    // Ids are ascending, so no event between the two requests is missed.
    for await (const event of client.events({ vm, afterId: events[0]?.id ?? 0n }))
      if (matches(event)) await printLine(event, list);
  },
});

/** The message; for repeated events the last one, with the time of the first. */
function messageOf({ message, count, firstTimeUnixNs }: Event): string {
  return count > 1 ? `${message} (first ${formatTime(firstTimeUnixNs)})`.trim() : message;
}
