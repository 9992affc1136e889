import { VmSchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { printJsonList } from '../output/json.ts';
import { formatTable } from '../output/table.ts';
import { vmColumns } from './vm-columns.ts';

/** `inn ls` */
export async function run(command: Command): Promise<void> {
  const { client, options } = contextOf(command);
  const { vms } = await client.vms.listVms({});
  if (options.output === 'json') printJsonList(VmSchema, vms);
  else if (options.output === 'name') process.stdout.write(vms.map((vm) => `${vm.name}\n`).join(''));
  else if (vms.length === 0) process.stderr.write('No VMs. Make one: inn create hello --image tiny --start\n');
  else process.stdout.write(formatTable(vms, vmColumns, { headers: options.headers, wide: options.output === 'wide' }));
}
