import { OperationError } from '@innkeeper/contract';
import type { Caller } from '../ports/caller.ts';
import { mayDo } from './authorize.ts';

/**
 * Tags decide who has access to a VM: a caller who could set any tag could give themselves the rights that they have on
 * other VMs. Fails with PRIVILEGE_MISSING unless they manage all VMs with each tag that changes.
 */
export function authorizeTags(
  caller: Caller,
  before: Readonly<Record<string, string>>,
  { tags, removeTags }: { readonly tags: Readonly<Record<string, string>>; readonly removeTags: readonly string[] },
): void {
  const changed: (readonly [name: string, value: string | undefined])[] = [];
  for (const [name, value] of Object.entries(tags)) {
    if (before[name] !== value) changed.push([name, value], [name, before[name]]);
  }
  for (const name of removeTags) changed.push([name, before[name]]);
  for (const [name, value] of changed) {
    if (value === undefined || mayDo(caller, 'vm.manage', { id: '', tags: { [name]: value } })) continue;
    const tag = value === '' ? name : `${name}=${value}`;
    throw new OperationError(
      'PRIVILEGE_MISSING',
      `Changing the tag "${tag}" requires vm.manage on all VMs that have it, since tags decide who has access.`,
    );
  }
}
