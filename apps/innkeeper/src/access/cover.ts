import type { AccessCheck, AccessState } from '@innkeeper/store';
import type { Caller, Grant } from '../ports/caller.ts';
import { mayDo, privilegeMissing } from './authorize.ts';
import { grantsOf, rolesOf } from './grants.ts';
import { isPrivilege } from './privileges.ts';

/**
 * Throws PRIVILEGE_MISSING unless the caller holds all of these grants in the same places: nobody gives others, or takes
 * over from others, more than they have. A token that is held to some commands does not hold `guest.exec` itself.
 */
export function assertCovers(caller: Caller, grants: readonly Grant[]): void {
  for (const { scopes, privileges } of grants) {
    for (const privilege of privileges) {
      // Of an older version; it allows nothing.
      if (!isPrivilege(privilege)) continue;
      const isHeld = caller.grants.some(
        (own) => own.privileges.has(privilege) && own.scopes.every((scope) => scopes.includes(scope)),
      );
      if (isHeld && !(privilege === 'guest.exec' && caller.allowedCommands.length > 0)) continue;
      throw privilegeMissing(caller, privilege, mayDo(caller, privilege, 'somewhere') ? 'everywhere' : 'somewhere');
    }
  }
}

/**
 * Throws PRIVILEGE_MISSING when the caller may not act on this user: change, disable or remove them, log in as them or
 * end what is theirs. A disabled user counts with what they could do when enabled.
 */
export function assertMayActOn(caller: Caller, userName: string, state: AccessState): void {
  const bindings = state.bindings.filter(({ user_name }) => user_name === userName);
  assertCovers(caller, grantsOf(bindings, rolesOf(state)));
}

/** Allows a change of a role only to callers who may act on each user that holds it. */
export function mayActOnHolders(caller: Caller, role: string): AccessCheck {
  return (before) => {
    const holders = new Set(
      before.bindings.filter((binding) => binding.role === role).map(({ user_name }) => user_name),
    );
    for (const holder of holders) assertMayActOn(caller, holder, before);
  };
}
