import { EventSchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { formatTime } from '../output/figures.ts';
import { printRows } from '../output/print-rows.ts';
import { parseCount } from '../parse-count.ts';

/** `inn events [VM]` */
export async function run(command: Command, vm: string | undefined): Promise<void> {
  const { client, options } = contextOf<{ readonly lines: string }>(command);
  const limit = parseCount(options.lines, '--lines', 1, 1000);
  const { events } = await client.vms.listEvents({ vm: vm ?? '', limit });
  const asData = options.output === 'json' || options.output === 'yaml' || events.length === 0;
  const vms = asData ? [] : (await client.vms.listVms({})).vms;
  const names = new Map(vms.map((each) => [each.id, each.name]));
  printRows([...events].reverse(), {
    schema: EventSchema,
    columns: [
      { title: 'TIME', value: (event) => formatTime(event.timeUnixNs) },
      { title: 'VM', value: (event) => names.get(event.vmId) ?? event.vmId.slice(0, 8) },
      { title: 'EVENT', value: (event) => event.kind },
      { title: 'WHAT', value: (event) => event.message },
    ],
    nameOf: (event) => `${event.id}`,
    whenEmpty: 'Nothing has happened yet.',
    options,
  });
}
