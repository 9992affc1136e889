import { NodeSchema } from '@innkeeper/contract/control';
import { defineCommand } from '../define-command.ts';
import { outputOptions } from '../options.ts';
import { formatTime } from '../output/format.ts';
import { printRows } from '../output/print-list.ts';

/** `inn node ls` */
export const command = defineCommand({
  options: outputOptions,
  async run({ client, allPages, options }) {
    const nodes = await allPages(
      (page) => client.node.listNodes(page),
      (answer) => answer.nodes,
    );
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
        {
          title: 'LAST SEEN',
          wide: true,
          value: (node) => (node.lastSeenUnixNs === undefined ? 'now' : formatTime(node.lastSeenUnixNs)),
        },
        { title: 'DATA', wide: true, value: (node) => node.dataDirectory },
      ],
      nameOf: (node) => node.name,
      whenEmpty: 'No nodes.',
      options,
    });
  },
});
