import type { VmAction } from '@innkeeper/contract';
import { authorize } from '../access/authorize.ts';
import type { Entry, Gate, Pass, Visitor } from '../edge/gate.ts';
import { findVm } from '../edge/method-target.ts';
import type { Caller } from '../ports/caller.ts';
import type { NodeApi, VmApi } from '../ports/node-api.ts';

/** What somebody wants to do in a guest. */
export interface GuestEntry extends Pick<Entry, 'privilege' | 'action' | 'parameters' | 'isLong' | 'command'> {
  readonly visitor: Visitor;
  /** Id or name. */
  readonly vm: string;
  /** What the VM's state must allow; default: guest operations. */
  readonly vmAction?: VmAction;
}

/**
 * One guest operation of somebody who came in already: finds the VM, checks the privilege on it and the VM's state, does
 * the work, and writes down how it ended. For what a method or route does on VMs that neither its path nor its field `vm`
 * names; those come through the gate by themselves. Fails with VM_NOT_FOUND, PRIVILEGE_MISSING, COMMAND_NOT_ALLOWED,
 * VM_NOT_RUNNING, VM_WRONG_STATE, and whatever the work fails with.
 */
export async function runInGuest<T>(
  { gate, node }: { readonly gate: Gate; readonly node: NodeApi },
  { visitor, vm: idOrName, vmAction = 'guest', ...ask }: GuestEntry,
  work: (vm: VmApi, pass: Pass) => Promise<T>,
): Promise<T> {
  const vm = findVm(node, idOrName, { caller: visitor.caller, privilege: ask.privilege });
  return await gate.run({ visitor, target: vm, vm, isChange: false, ...ask }, async (pass) => {
    vm.assertAllowed(vmAction);
    return await work(vm, pass);
  });
}

/**
 * The VMs of these ids or names, each of which the caller has the privilege on. For a method that works on many and is
 * one entry of the audit. Throws VM_NOT_FOUND or PRIVILEGE_MISSING for the first one that is not so.
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
