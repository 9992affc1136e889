import type { AccessState, RoleBindingRow, RoleRow, Store, TokenRow } from '@innkeeper/store';
import type { Grant } from '../ports/caller.ts';
import { builtInRoles, type RoleFacts } from './built-in-roles.ts';
import { isPrivilege } from './privileges.ts';

/** In a token, in place of the names of privileges: all of its user. */
export const everything = '*';

/** A role as it was made by somebody. */
function roleFacts({ name, description, privileges }: RoleRow): RoleFacts {
  // An older version had privileges that nothing uses.
  return { name, description, privileges: (JSON.parse(privileges) as string[]).filter(isPrivilege) };
}

/** Every role, the built-in ones first. */
export async function listRoles(store: Store): Promise<RoleFacts[]> {
  return rolesOf({ roles: await store.roles.list() });
}

/** Every role of a state, the built-in ones first. */
export function rolesOf({ roles }: Pick<AccessState, 'roles'>): RoleFacts[] {
  return [...builtInRoles, ...roles.map(roleFacts)];
}

/** Returns what these bindings allow. A deleted role allows nothing. */
export function grantsOf(
  bindings: readonly Pick<RoleBindingRow, 'role' | 'scope'>[],
  roles: readonly RoleFacts[],
): Grant[] {
  return bindings.flatMap(({ role, scope }) => {
    const found = roles.find(({ name }) => name === role);
    return found === undefined ? [] : [{ scopes: scopesOf(scope), privileges: new Set(found.privileges) }];
  });
}

/** Returns the part of a user's grants that this token allows. */
export function narrowGrants(grants: readonly Grant[], token: TokenRow): Grant[] {
  const wanted = JSON.parse(token.privileges) as string[];
  return grants.map(({ scopes, privileges }) => ({
    scopes: [...new Set([...scopes, ...scopesOf(token.scope)])],
    privileges: isEverything(wanted) ? privileges : new Set(wanted.filter((name) => privileges.has(name))),
  }));
}

/** Whether a token may do all that its user may. Older ones have no names for that. */
export function isEverything(privileges: readonly string[]): boolean {
  return privileges.length === 0 || privileges.includes(everything);
}

function scopesOf(scope: string): string[] {
  return scope === '*' ? [] : [scope];
}
