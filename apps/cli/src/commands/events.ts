import { EventSchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { formatTime } from '../output/figures.ts';
import { printJsonList } from '../output/json.ts';
import { formatTable } from '../output/table.ts';

/** `inn events [VM]` */
export async function run(command: Command, vm: string | undefined): Promise<void> {
  const { client, options } = contextOf<{ readonly lines: string }>(command);
  const { events } = await client.vms.listEvents({ vm: vm ?? '', limit: Math.min(1000, Number(options.lines) || 50) });
  const oldestFirst = [...events].reverse();
  if (options.output === 'json') {
    printJsonList(EventSchema, oldestFirst);
    return;
  }
  if (events.length === 0) {
    process.stderr.write('Nothing has happened yet.\n');
    return;
  }
  const names = new Map((await client.vms.listVms({})).vms.map((each) => [each.id, each.name]));
  const table = formatTable(
    oldestFirst,
    [
      { title: 'TIME', value: (event) => formatTime(event.timeUnixNs) },
      { title: 'VM', value: (event) => names.get(event.vmId) ?? event.vmId.slice(0, 8) },
      { title: 'EVENT', value: (event) => event.kind },
      { title: 'WHAT', value: (event) => event.message },
    ],
    { headers: options.headers },
  );
  process.stdout.write(table);
}
