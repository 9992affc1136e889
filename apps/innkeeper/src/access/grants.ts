import type { AccessState, RoleBindingRow, RoleRow, Store, TokenRow } from '@innkeeper/store';
import type { Grant } from '../ports/caller.ts';
import { builtInRoles, type RoleFacts } from './built-in-roles.ts';

/** A role as it was made by somebody. */
function roleFacts({ name, description, privileges }: RoleRow): RoleFacts {
  return { name, description, privileges: JSON.parse(privileges) as string[] };
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
    privileges: wanted.length === 0 ? privileges : new Set(wanted.filter((name) => privileges.has(name))),
  }));
}

function scopesOf(scope: string): string[] {
  return scope === '*' ? [] : [scope];
}
