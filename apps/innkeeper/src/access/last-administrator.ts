import { OperationError } from '@innkeeper/contract';
import type { AccessState, UserRow } from '@innkeeper/store';
import { grantsOf, rolesOf } from './grants.ts';
import { privilegeNames } from './privileges.ts';

/** Names of the enabled users who hold all of these privileges everywhere, be it by several roles together. */
export function holdersOf(state: AccessState, privileges: readonly string[]): UserRow[] {
  const roles = rolesOf(state);
  const bindings = Map.groupBy(state.bindings, ({ user_name }) => user_name);
  return state.users.filter(({ name, disabled }) => {
    if (disabled === 1) return false;
    const everywhere = grantsOf(bindings.get(name) ?? [], roles).filter(({ scopes }) => scopes.length === 0);
    return privileges.every((privilege) => everywhere.some((grant) => grant.privileges.has(privilege)));
  });
}

/** What must not get lost: what nobody holds, nobody could give again. */
const guarantees: readonly { readonly holds: (state: AccessState) => boolean; readonly message: string }[] = [
  {
    holds: (state) => holdersOf(state, ['user.manage']).length > 0,
    message: 'This would leave nobody who can manage users.',
  },
  {
    holds: (state) => holdersOf(state, privilegeNames).length > 0,
    message: 'This would leave nobody with every privilege, and nobody could grant the missing ones again.',
  },
  {
    holds: (state) => holdersOf(state, privilegeNames).some(({ password }) => password !== null),
    message: 'This would leave no administrator who can log in with a password.',
  },
];

/**
 * Throws LAST_ADMINISTRATOR for a change that leaves nobody who manages users, who may do everything, or who may and has a
 * password, where there was somebody before.
 */
export function assertAdministratorStays(before: AccessState, after: AccessState): void {
  const lost = guarantees.find(({ holds }) => holds(before) && !holds(after));
  if (lost !== undefined) throw new OperationError('LAST_ADMINISTRATOR', lost.message);
}
