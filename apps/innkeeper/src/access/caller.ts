import type { Caller, Grant } from '../ports/caller.ts';
import { privilegeNames } from './privileges.ts';

const everything: readonly Grant[] = [{ scopes: [], privileges: new Set(privilegeNames) }];

/** The unix socket is open to its owner alone, so its callers are the administrator. */
export const socketCaller: Caller = {
  name: 'local',
  via: 'socket',
  address: '',
  grants: everything,
  allowedCommands: [],
};

/** A caller who is not logged in. */
export function anonymousCaller(address: string): Caller {
  return { name: 'anonymous', via: 'anonymous', address, grants: [], allowedCommands: [] };
}

/** User names that stand for no user. */
export const reservedNames: readonly string[] = [socketCaller.name, 'anonymous'];
