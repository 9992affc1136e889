import { OperationError } from '@innkeeper/contract';
import type { Store, UserRow } from '@innkeeper/store';
import type { Caller } from '../ports/caller.ts';
import { anonymousCaller, socketCaller } from './caller.ts';
import { decodeCaller } from './forwarded-caller.ts';
import { grantsOf, listRoles, narrowGrants } from './grants.ts';
import { hashSecret } from './secrets.ts';
import { type Sessions, seenIntervalMs } from './sessions.ts';

export const sessionCookie = 'innkeeper_session';
export const tokenPrefix = 'ink_';

/** The parts of a request that identify the caller. */
export interface Credentials {
  /** Through the unix socket. */
  readonly isLocal: boolean;
  readonly address: string;
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
  /** The caller named by a control plane; only on a listener for control planes. */
  readonly forwarded?: string | undefined;
}

/**
 * Who asks. A control plane has found that out itself. Otherwise a token comes before a cookie; the unix socket without a token is the administrator. Fails with
 * TOKEN_INVALID or SESSION_EXPIRED when what is shown is not good. `isUse`: the session counts as being used.
 */
export async function authenticate(
  { isLocal, address, authorization, cookie, forwarded }: Credentials,
  { store, sessions, nowMs, isUse }: { store: Store; sessions: Sessions; nowMs: () => number; isUse: boolean },
): Promise<Caller> {
  if (forwarded !== undefined) return decodeCaller(forwarded);
  if (authorization !== undefined) {
    const [, secret] = /^bearer +(ink_[\w-]{1,200})$/i.exec(authorization) ?? [];
    if (secret === undefined)
      throw new OperationError('TOKEN_INVALID', 'The Authorization header does not contain a token.');
    return await tokenCaller(secret, address, store, nowMs());
  }
  if (isLocal) return socketCaller;
  const secret = cookieValue(cookie);
  if (secret === undefined) return anonymousCaller(address);
  const session = await sessions.find(secret, isUse);
  const user = session === undefined ? undefined : await store.users.find(session.userName);
  if (session === undefined || user === undefined || user.disabled === 1) {
    throw new OperationError('SESSION_EXPIRED', 'The session has ended.');
  }
  const { id, csrfToken, expiresMs } = session;
  const grants = await userGrants(store, user);
  const whoAndHow = { name: user.name, via: 'session', address, grants, allowedCommands: [] } as const;
  return { ...whoAndHow, session: { id, csrfToken, expiresMs } };
}

/** What a user may do. */
async function userGrants(store: Store, user: UserRow): Promise<Caller['grants']> {
  return grantsOf(await store.users.bindings(user.name), await listRoles(store));
}

async function tokenCaller(secret: string, address: string, store: Store, nowMs: number): Promise<Caller> {
  const token = await store.tokens.findByHash(hashSecret(secret));
  const user = token === undefined ? undefined : await store.users.find(token.user_name);
  // The same answer for all cases, so that guessing reveals nothing.
  if (token === undefined || token.expires_ms <= nowMs || user === undefined || user.disabled === 1) {
    throw new OperationError('TOKEN_INVALID', 'The token is unknown, expired or revoked.');
  }
  if (nowMs - (token.last_used_ms ?? 0) >= seenIntervalMs) await store.tokens.used(token.id, nowMs);
  return {
    name: user.name,
    via: 'token',
    address,
    grants: narrowGrants(await userGrants(store, user), token),
    allowedCommands: JSON.parse(token.allowed_commands) as string[],
    token: { id: token.id, name: token.name, expiresMs: token.expires_ms },
  };
}

function cookieValue(header: string | undefined): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const [name, value] = part.trim().split('=', 2);
    if (name === sessionCookie && value !== undefined && /^[\w-]{1,200}$/.test(value)) return value;
  }
  return undefined;
}
