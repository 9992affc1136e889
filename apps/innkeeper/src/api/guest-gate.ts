import { authorize } from '../access/authorize.ts';
import { findVm } from '../edge/method-target.ts';
import type { Caller } from '../ports/caller.ts';
import type { NodeApi, VmApi } from '../ports/node-api.ts';

/**
 * Looks up VMs by id or name and checks the caller's privilege on each, for a method on many VMs that is one entry of the
 * audit. Throws VM_NOT_FOUND or PRIVILEGE_MISSING for the first VM that fails.
 */
export function requireVms(
  node: NodeApi,
  caller: Caller,
  { idsOrNames, privilege }: { readonly idsOrNames: readonly string[]; readonly privilege: string },
): VmApi[] {
  const vms = idsOrNames.map((idOrName) => findVm(node, idOrName, { caller, privilege }));
  for (const vm of vms) authorize(caller, privilege, vm);
  return [...new Map(vms.map((vm) => [vm.id, vm])).values()];
}
