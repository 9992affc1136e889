import { clone, type DescField, type DescMessage, type Message } from '@bufbuild/protobuf';
import { type ReflectMessage, reflect } from '@bufbuild/protobuf/reflect';
import { fieldRulesOf } from '@innkeeper/contract/rules';
import type { Caller } from '../ports/caller.ts';
import type { AccessTarget } from './authorize.ts';
import { mayDo } from './authorize.ts';
import type { ScopedVm } from './scope.ts';

/** Whether the reader has a privilege on all of these VMs; without one: wherever the answer comes from. */
export type MayRead = (privilege: string, vmIds: readonly string[]) => boolean;

/**
 * An answer without the fields whose own privilege, as the contract names it, its reader lacks. `held` is the privilege
 * of the method, which holds for all of the answer. The answer itself stays as it is: others may have it too.
 */
export function withhold<T extends Message>(schema: DescMessage, answer: T, held: string, may: MayRead): T {
  if (!holdsPrivate(schema, held) || !visit(reflect(schema, answer), [], { held, may, clears: false })) return answer;
  const copy = clone(schema, answer) as T;
  visit(reflect(schema, copy), [], { held, may, clears: true });
  return copy;
}

/**
 * For a caller, on the VMs that there are. Data about a deleted VM requires the privilege on everything. A token that is limited
 * to some commands does not see those of others.
 */
export function mayRead(caller: Caller, target: AccessTarget, find: (id: string) => ScopedVm | undefined): MayRead {
  const own = target === 'somewhere' ? 'everywhere' : target;
  return (privilege, vmIds) => {
    if (privilege === 'guest.exec' && caller.allowedCommands.length > 0) return false;
    if (vmIds.length === 0) return mayDo(caller, privilege, own);
    return vmIds.every((id) => mayDo(caller, privilege, find(id) ?? 'everywhere'));
  };
}

interface Visit {
  readonly held: string;
  readonly may: MayRead;
  readonly clears: boolean;
}

/** Whether there is something to withhold; with `clears`, it is. */
function visit(message: ReflectMessage, outerVmIds: readonly string[], how: Visit): boolean {
  const own = vmIdsOf(message);
  const vmIds = own.length === 0 ? outerVmIds : own;
  let found = false;
  for (const field of message.fields) {
    if (!concerns(field, how.held) || !message.isSet(field)) continue;
    const privilege = privateTo(field, how.held);
    if (privilege !== undefined && !how.may(privilege, vmIds)) {
      found = true;
      if (how.clears) message.clear(field);
    } else for (const each of childrenOf(message, field)) found = visit(each, vmIds, how) || found;
  }
  return found;
}

/** The VMs that a message is about: its own id, or those of its parts. */
function vmIdsOf(message: ReflectMessage): string[] {
  if (message.desc.name === 'Vm') return idOf(message, 'id');
  const own = idOf(message, 'vm_id');
  if (own.length > 0) return own;
  const lists = message.fields.filter(
    ({ fieldKind, message: of }) => fieldKind === 'list' && of?.field['vmId'] !== undefined,
  );
  return lists.flatMap((field) => childrenOf(message, field).flatMap((each) => idOf(each, 'vm_id')));
}

function idOf(message: ReflectMessage, name: string): string[] {
  const field = message.fields.find((each) => each.name === name && each.fieldKind === 'scalar');
  return field === undefined || !message.isSet(field) ? [] : [String(message.get(field))];
}

function childrenOf(message: ReflectMessage, field: DescField): ReflectMessage[] {
  if (field.message === undefined) return [];
  if (field.fieldKind === 'list') return [...(message.get(field) as Iterable<ReflectMessage>)];
  if (field.fieldKind === 'map')
    return [...(message.get(field) as Iterable<[unknown, ReflectMessage]>)].map(([, each]) => each);
  return [message.get(field) as ReflectMessage];
}

/** The privilege that a field needs beyond the one that is held. */
function privateTo(field: DescField, held: string): string | undefined {
  const { privilege } = fieldRulesOf(field);
  return privilege === '' || privilege === held ? undefined : privilege;
}

function concerns(field: DescField, held: string): boolean {
  return privateTo(field, held) !== undefined || (field.message !== undefined && holdsPrivate(field.message, held));
}

/** By message and privilege: most answers have nothing that anybody could lack, and cost nothing. */
const known = new Map<string, boolean>();

function holdsPrivate(schema: DescMessage, held: string): boolean {
  const key = `${schema.typeName} ${held}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  // A message that holds itself.
  known.set(key, false);
  const holds = schema.fields.some((field) => concerns(field, held));
  known.set(key, holds);
  return holds;
}
