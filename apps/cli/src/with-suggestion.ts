import { createClient } from '@innkeeper/client';
import { isOperationError, OperationError } from '@innkeeper/contract/errors';
import type { Command } from 'commander';
import { serverAddress } from './contexts/server-address.ts';
import { suggest } from './suggest.ts';

/** How long the daemon may take to list the VMs for a suggestion. */
const timeoutMs = 1000;

/** VM_NOT_FOUND with the name of the VM that was probably meant, if the daemon lists one within a second; else the error itself. */
export async function withSuggestion(error: unknown, command: Command | undefined): Promise<unknown> {
  if (!isOperationError(error) || error.reason !== 'VM_NOT_FOUND' || command === undefined) return error;
  try {
    const { vms } = await createClient(serverAddress(command)).vms.listVms({}, { timeoutMs });
    const names = new Set(vms.map((vm) => vm.name));
    for (const word of command.args.map((each) => each.split(':')[0] ?? '')) {
      const meant = names.has(word) ? undefined : suggest(word, names);
      if (meant !== undefined)
        return new OperationError('VM_NOT_FOUND', error.message, {
          cause: error,
          nextStep: `Did you mean "${meant}"?`,
        });
    }
  } catch {
    // A suggestion is optional: the original error is printed without one.
  }
  return error;
}
