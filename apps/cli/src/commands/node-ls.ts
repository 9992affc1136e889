import { NodeSchema } from '@innkeeper/contract/control';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { formatTime } from '../output/figures.ts';
import { printRows } from '../output/print-rows.ts';

/** `inn node ls` */
export async function run(command: Command): Promise<void> {
  const { client, options } = contextOf(command);
  const { nodes } = await client.node.listNodes({});
  printRows(nodes, {
    schema: NodeSchema,
    columns: [
      { title: 'NAME', value: (node) => node.name },
      { title: 'VERSION', value: (node) => node.version },
      { title: 'AGENT', value: (node) => node.agentVersion },
      { title: 'RUNS ON', value: (node) => node.accelerator },
      { title: 'HYPERVISOR', value: (node) => node.hypervisorVersion },
      { title: 'STARTED', value: (node) => formatTime(node.startedUnixNs) },
      { title: 'ID', value: (node) => node.id },
      { title: 'DATA', wide: true, value: (node) => node.dataDirectory },
    ],
    nameOf: (node) => node.name,
    whenEmpty: 'No nodes.',
    options,
  });
}
