import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import type { Command } from 'commander';
import { contextOf } from './context.ts';
import { suggest } from './suggest.ts';

const withinMs = 1000;

/** VM_NOT_FOUND with the name that was most likely meant, when the daemon tells its names soon; else the error itself. */
export async function withSuggestion(error: unknown, command: Command | undefined): Promise<unknown> {
  if (!isOperationError(error) || error.reason !== 'VM_NOT_FOUND' || command === undefined) return error;
  try {
    const { client } = contextOf(command);
    const { vms } = await client.vms.listVms({}, { timeoutMs: withinMs });
    const names = new Set(vms.map((vm) => vm.name));
    for (const word of command.args.map((each) => each.split(':')[0] ?? '')) {
      const meant = names.has(word) ? undefined : suggest(word, names);
      if (meant !== undefined)
        return new OperationError('VM_NOT_FOUND', error.message, { cause: error, nextStep: `Is it "${meant}"?` });
    }
  } catch {
    // The names are a help only: the error that brought us here is told without them.
  }
  return error;
}
