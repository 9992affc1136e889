import { OperationError } from '@innkeeper/contract';
import type { Caller } from '../ports/caller.ts';
import { type ScopedVm, scopeCovers } from './scope.ts';

/**
 * Where a privilege must hold: on this VM, on all there is ("everywhere"), or on at least one scope ("somewhere": for
 * lists, whose maker leaves out what the caller may not see).
 */
export type AccessTarget = ScopedVm | 'everywhere' | 'somewhere';

/** Whether the caller has the privilege there. */
export function mayDo(caller: Caller, privilege: string, target: AccessTarget): boolean {
  return caller.grants.some(({ scopes, privileges }) => {
    if (!privileges.has(privilege)) return false;
    if (target === 'somewhere') return true;
    if (target === 'everywhere') return scopes.length === 0;
    return scopes.every((scope) => scopeCovers(scope, target));
  });
}

/**
 * The one check that every method, route and socket passes. "public" is open to everybody, "self" to logged-in users; a
 * method without a privilege is open to nobody. Throws NOT_LOGGED_IN or PRIVILEGE_MISSING.
 */
export function authorize(caller: Caller, privilege: string, target: AccessTarget): void {
  if (privilege === 'public') return;
  if (caller.via === 'anonymous') throw new OperationError('NOT_LOGGED_IN', 'This requires a login.');
  if (privilege === '') throw new OperationError('PRIVILEGE_MISSING', 'No privilege is declared for this method.');
  if (privilege === 'self' || mayDo(caller, privilege, target)) return;
  throw privilegeMissing(caller, privilege, target);
}

/** Says which privilege is missing, where, and to whom. */
export function privilegeMissing(caller: Caller, privilege: string, target: AccessTarget): OperationError {
  const who =
    caller.via === 'token' ? `The token "${caller.token?.name}" of ${caller.name}` : `The user ${caller.name}`;
  const where = target === 'somewhere' || !mayDo(caller, privilege, 'somewhere') ? '' : whereOf(target);
  return new OperationError('PRIVILEGE_MISSING', `${who} has no privilege "${privilege}"${where}.`);
}

function whereOf(target: AccessTarget): string {
  return typeof target === 'string' ? ' on everything' : ' on this VM';
}
