import { VmSchema } from '@innkeeper/contract/control';
import { OperationError } from '@innkeeper/contract/errors';
import { defineCommand } from '../define-command.ts';
import { outputOptions, text } from '../options.ts';
import { printRows } from '../output/print-list.ts';
import { vmColumns } from './vm-columns.ts';

/** `inn ls [VM…]`. A named VM that does not exist is an error. */
export const command = defineCommand({
  arguments: '[vm...]',
  options: [...outputOptions, text('--filter <conditions>', 'only VMs that match, such as "state:running mem>80"')],
  async run({ client, allPages, options }, wanted) {
    const vms = await allPages(
      (page) => client.vms.listVms({ ...page, filter: options.filter ?? '' }),
      (answer) => answer.vms,
    );
    const missing = wanted.find((word) => !vms.some((vm) => vm.name === word || vm.id === word));
    if (missing !== undefined) throw new OperationError('VM_NOT_FOUND', `There is no VM named "${missing}".`);
    printRows(wanted.length === 0 ? vms : vms.filter((vm) => wanted.includes(vm.name) || wanted.includes(vm.id)), {
      schema: VmSchema,
      columns: vmColumns,
      nameOf: (vm) => vm.name,
      whenEmpty:
        options.filter === undefined
          ? 'No VMs. Create one: inn create hello --image tiny --start'
          : 'No VM matches the filter.',
      options,
    });
  },
});
