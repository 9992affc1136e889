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
