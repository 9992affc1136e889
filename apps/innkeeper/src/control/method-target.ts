import type { DescMessage, DescMethod, Message } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract';
import { type AccessTarget, mayDo, privilegeMissing } from '../access/authorize.ts';
import type { Caller } from '../access/caller.ts';
import type { NodeOfControl } from './node-of-control.ts';

/** Where a call needs its privilege, and the VM that it names. */
export interface MethodTarget {
  readonly target: AccessTarget;
  readonly vm?: { readonly id: string; readonly name: string };
}

/** What of a node says where a call works. */
export interface TargetNode {
  readonly operations: Pick<NodeOfControl['operations'], 'find'>;
  readonly vms: Pick<NodeOfControl['vms'], 'list' | 'find'>;
}

/** How a method that does not simply name a VM in `vm` says where it works. */
type TargetRule =
  /** The answer holds only what the caller may see, or its service asks the gate about each VM. */
  | 'listed'
  /** The VM that an operation works on; operations without one need the privilege everywhere. */
  | 'operation'
  /** A VM that will have these tags. */
  | 'tags'
  /** Its `vm` only narrows a list, and may be of a VM that is gone. */
  | 'everywhere';

const rules: Readonly<Record<string, TargetRule>> = {
  'AuditService/ListAudit': 'everywhere',
  'VmService/ListVms': 'listed',
  'VmService/WatchVms': 'listed',
  'VmService/ListEvents': 'listed',
  'VmService/CreateVm': 'tags',
  'NodeService/GetNode': 'listed',
  'ImageService/ListImages': 'listed',
  'OperationService/ListOperations': 'listed',
  'OperationService/GetOperation': 'operation',
  'OperationService/WatchOperation': 'operation',
  'OperationService/CancelOperation': 'operation',
  'RunService/StartRun': 'listed',
  'RunService/GetRun': 'listed',
  'RunService/ListRuns': 'listed',
  'RunService/WatchRun': 'listed',
  'RunService/CancelRun': 'listed',
};

/** "VmService/StopVm". */
export function methodName(method: DescMethod): string {
  return `${method.parent.name}/${method.name}`;
}

/**
 * Finds out where a call works. A method without a rule and without a VM needs its privilege everywhere. Fails with
 * VM_NOT_FOUND, also for a VM that the caller must not know of.
 */
export async function methodTarget(
  method: DescMethod,
  request: Message,
  { caller, node, privilege }: { caller: Caller; node: TargetNode; privilege: string },
): Promise<MethodTarget> {
  // Before anything is looked up, or the answer would tell what there is.
  if (privilege !== 'public' && privilege !== 'self' && !mayDo(caller, privilege, 'somewhere')) {
    throw privilegeMissing(caller, privilege, 'somewhere');
  }
  const rule = rules[methodName(method)];
  const fields = request as unknown as Readonly<Record<string, unknown>>;
  if (rule === 'operation') {
    const { vmId } = await node.operations.find(String(fields['id']));
    const vm = node.vms.list().find(({ id }) => id === vmId);
    return vm === undefined ? { target: 'everywhere' } : { target: vm, vm };
  }
  if (rule === 'everywhere') return { target: 'everywhere' };
  if (rule === 'tags') return { target: { id: '', tags: fields['tags'] as Record<string, string> } };
  const name = hasVm(method.input) ? String(fields['vm'] ?? fields['vmId']) : '';
  if (rule === 'listed' && name === '') return { target: 'somewhere' };
  if (!hasVm(method.input)) return { target: 'everywhere' };
  const vm = findVm(node, name, { caller, privilege });
  return { target: vm, vm };
}

/**
 * The VM of this id or name. For who may neither do this nor see the VM, there is none. Throws PRIVILEGE_MISSING when the
 * caller has the privilege nowhere.
 */
export function findVm(
  node: Pick<TargetNode, 'vms'>,
  idOrName: string,
  { caller, privilege }: { caller: Caller; privilege: string },
): ReturnType<NodeOfControl['vms']['find']> {
  if (!mayDo(caller, privilege, 'somewhere')) throw privilegeMissing(caller, privilege, 'somewhere');
  const vm = node.vms.find(idOrName);
  if (mayDo(caller, privilege, vm) || mayDo(caller, 'vm.view', vm)) return vm;
  throw vmNotFound(idOrName);
}

/** As if it were not there. */
export function vmNotFound(idOrName: string): OperationError {
  return new OperationError('VM_NOT_FOUND', `There is no VM named "${idOrName.slice(0, 80)}".`);
}

function hasVm(input: DescMessage): boolean {
  // Foreign requests call it vm_id.
  const names = input.parent === undefined && input.file.proto.package.startsWith('limiquantix.') ? ['vm_id'] : ['vm'];
  return input.fields.some(({ name, fieldKind }) => names.includes(name) && fieldKind === 'scalar');
}
