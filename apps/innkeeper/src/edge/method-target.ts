import type { DescMethod, Message } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract';
import { rulesOf, Subject } from '@innkeeper/contract/rules';
import { type AccessTarget, mayDo, privilegeMissing } from '../access/authorize.ts';
import type { Caller } from '../ports/caller.ts';
import type { NodeApi } from '../ports/node-api.ts';
import { vmOfCall } from './vm-address.ts';

/** Where a call needs its privilege, and the VM that it names. */
export interface MethodTarget {
  readonly target: AccessTarget;
  readonly vm?: { readonly id: string; readonly name: string };
}

/** What of a node says where a call works. */
export interface TargetNode {
  readonly operations: Pick<NodeApi['operations'], 'find'>;
  readonly vms: Pick<NodeApi['vms'], 'list' | 'find'>;
}

/**
 * Finds out where a call needs its privilege, by what its method declares that it is about. `headers` name the VM of a call
 * to the agent. Fails with VM_NOT_FOUND, also for a VM that the caller must not know of.
 */
export async function methodTarget(
  method: DescMethod,
  request: Message,
  { caller, node, headers }: { caller: Caller; node: TargetNode; headers: Headers },
): Promise<MethodTarget> {
  const { privilege, subject } = rulesOf(method);
  // Before anything is looked up, or the answer would tell what there is.
  if (privilege !== 'public' && privilege !== 'self' && !mayDo(caller, privilege, 'somewhere')) {
    throw privilegeMissing(caller, privilege, 'somewhere');
  }
  const fields: Readonly<Record<string, unknown>> = { ...request };
  switch (subject) {
    case Subject.VM: {
      const vm = findVm(node, isAgentMethod(method) ? vmOfCall(headers) : vmField(fields), { caller, privilege });
      return { target: vm, vm };
    }
    case Subject.VMS: {
      const name = vmField(fields);
      if (name === '') return { target: 'somewhere' };
      const vm = findVm(node, name, { caller, privilege });
      return { target: vm, vm };
    }
    case Subject.OPERATION: {
      const { vmId } = await node.operations.find(String(fields['id']));
      const vm = node.vms.list().find(({ id }) => id === vmId);
      return vm === undefined ? { target: 'everywhere' } : { target: vm, vm };
    }
    case Subject.NEW_VM:
      return { target: { id: '', tags: fields['tags'] as Record<string, string> } };
    default:
      return { target: 'everywhere' };
  }
}

/** Foreign requests call it vm_id. */
function vmField({ vm, vmId }: Readonly<Record<string, unknown>>): string {
  return String(vm ?? vmId ?? '');
}

/** Whether it is a method of the agent, whose VM the call's address names. */
export function isAgentMethod({ parent }: DescMethod): boolean {
  return parent.file.proto.package === 'innkeeper.agent.v1';
}

/**
 * Returns the VM with this id or name. Hidden (VM_NOT_FOUND) from callers who may neither do this nor see the VM. Throws
 * PRIVILEGE_MISSING if the caller has the privilege nowhere.
 */
export function findVm(
  node: Pick<TargetNode, 'vms'>,
  idOrName: string,
  { caller, privilege }: { caller: Caller; privilege: string },
): ReturnType<NodeApi['vms']['find']> {
  if (!mayDo(caller, privilege, 'somewhere')) throw privilegeMissing(caller, privilege, 'somewhere');
  const vm = node.vms.find(idOrName);
  if (mayDo(caller, privilege, vm) || mayDo(caller, 'vm.view', vm)) return vm;
  throw vmNotFound(idOrName);
}

/** The same error as for a VM that does not exist. */
export function vmNotFound(idOrName: string): OperationError {
  return new OperationError('VM_NOT_FOUND', `There is no VM named "${idOrName.slice(0, 80)}".`);
}
