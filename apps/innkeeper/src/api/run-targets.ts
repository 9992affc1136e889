import { OperationError } from '@innkeeper/contract';
import { type StartRunRequest, VmState } from '@innkeeper/contract/control';
import { authorize, mayDo } from '../access/authorize.ts';
import { vmMatcher } from '../node/fleet/match-vm.ts';
import type { Caller } from '../ports/caller.ts';
import type { NodeApi } from '../ports/node-api.ts';
import { requireVms } from './guest-gate.ts';

/** A VM on which a run is started. */
export interface RunVm {
  readonly id: string;
  readonly name: string;
}

/**
 * The targets of a run, by name or by filter; the caller may run commands on each. Throws INVALID_ARGUMENT, VM_NOT_FOUND,
 * or PRIVILEGE_MISSING when a filter selects a VM that the caller sees but may not run commands on.
 */
export function runTargets(
  node: NodeApi,
  caller: Caller,
  { vms, filter }: Pick<StartRunRequest, 'vms' | 'filter'>,
): readonly RunVm[] {
  if (vms.length > 0 && filter !== '') throw new OperationError('INVALID_ARGUMENT', 'Give vms or filter, not both.');
  if (vms.length > 0) return requireVms(node, caller, { idsOrNames: vms, privilege: 'guest.exec' });
  // An empty filter would match every VM.
  if (filter.trim() === '') throw new OperationError('INVALID_ARGUMENT', 'Name the VMs, or give a filter.');
  const matches = vmMatcher(filter);
  const found = node.fleet
    .entries()
    .filter(({ vm }) => mayDo(caller, 'vm.view', vm) || mayDo(caller, 'guest.exec', vm))
    .filter((entry) => entry.vm.state === VmState.RUNNING && matches(entry))
    .map(({ vm }) => vm);
  if (found.length === 0)
    throw new OperationError('INVALID_ARGUMENT', `No running VM matches "${filter.slice(0, 80)}".`, {
      nextStep: 'List the VMs with this filter to see which there are.',
    });
  for (const vm of found) authorize(caller, 'guest.exec', vm);
  return found.map(({ id, name }) => ({ id, name }));
}
