import { privilegeNames } from './privileges.ts';

/** Privileges on the VMs that lie in all of the scopes; without a scope: everywhere. */
export interface Grant {
  readonly scopes: readonly string[];
  readonly privileges: ReadonlySet<string>;
}

/** Who asks, and what they may do. It is what held when the call began. */
export interface Caller {
  /** The user's name; "local" for the unix socket, "anonymous" for who is not logged in. */
  readonly name: string;
  readonly via: 'socket' | 'session' | 'token' | 'anonymous';
  /** IP address; empty for the unix socket. */
  readonly address: string;
  readonly grants: readonly Grant[];
  /** When there are any, only commands that begin with the words of one of them may be started. */
  readonly allowedCommands: readonly string[];
  readonly session?: { readonly id: string; readonly csrfToken: string; readonly expiresMs: number };
  readonly token?: { readonly id: string; readonly name: string; readonly expiresMs: number };
}

const everything: readonly Grant[] = [{ scopes: [], privileges: new Set(privilegeNames) }];

/** The unix socket is open to its owner alone, so whoever comes through it is the administrator. */
export const socketCaller: Caller = {
  name: 'local',
  via: 'socket',
  address: '',
  grants: everything,
  allowedCommands: [],
};

/** Somebody who is not logged in. */
export function anonymousCaller(address: string): Caller {
  return { name: 'anonymous', via: 'anonymous', address, grants: [], allowedCommands: [] };
}

/** User names that stand for no user. */
export const reservedNames: readonly string[] = [socketCaller.name, 'anonymous'];
