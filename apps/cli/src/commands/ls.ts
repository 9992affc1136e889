import { VmSchema } from '@innkeeper/contract/control';
import { OperationError } from '@innkeeper/contract/errors';
import type { Command } from 'commander';
import { contextOf } from '../context.ts';
import { printRows } from '../output/print-rows.ts';
import { vmColumns } from './vm-columns.ts';

/** `inn ls [VM…]`. A VM that is named and does not exist is an error, also where there is none at all. */
export async function run(command: Command, wanted: readonly string[]): Promise<void> {
  const { client, options } = contextOf<{ readonly filter?: string }>(command);
  const { vms } = await client.vms.listVms({ filter: options.filter ?? '' });
  const missing = wanted.find((word) => !vms.some((vm) => vm.name === word || vm.id === word));
  if (missing !== undefined) throw new OperationError('VM_NOT_FOUND', `There is no VM named "${missing}".`);
  printRows(wanted.length === 0 ? vms : vms.filter((vm) => wanted.includes(vm.name) || wanted.includes(vm.id)), {
    schema: VmSchema,
    columns: vmColumns,
    nameOf: (vm) => vm.name,
    whenEmpty:
      options.filter === undefined
        ? 'No VMs. Make one: inn create hello --image tiny --start'
        : 'No VM matches the filter.',
    options,
  });
}
