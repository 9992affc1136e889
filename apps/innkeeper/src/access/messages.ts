import { create } from '@bufbuild/protobuf';
import {
  type Role,
  RoleSchema,
  type Session,
  SessionSchema,
  type Token,
  TokenSchema,
  type User,
  UserSchema,
} from '@innkeeper/contract/control';
import type { RoleBindingRow, SessionRow, TokenRow, UserRow } from '@innkeeper/store';
import { builtInRoles, type RoleFacts } from './built-in-roles.ts';
import { everything, isEverything } from './grants.ts';
import { sessionExpiresMs } from './sessions.ts';

const nsPerMs = 1_000_000n;

/** A user as the API shows it. */
export function userMessage(row: UserRow, bindings: readonly Pick<RoleBindingRow, 'role' | 'scope'>[]): User {
  return create(UserSchema, {
    name: row.name,
    roles: bindings.map(({ role, scope }) => ({ role, scope })),
    createdUnixNs: nanoseconds(row.created_ms),
    ...(row.last_login_ms === null ? {} : { lastLoginUnixNs: nanoseconds(row.last_login_ms) }),
    disabled: row.disabled === 1,
    hasPassword: row.password !== null,
  });
}

/** A session as its user sees it. */
export function sessionMessage(row: SessionRow, currentId: string | undefined): Session {
  return create(SessionSchema, {
    id: row.id,
    address: row.address,
    userAgent: row.user_agent,
    createdUnixNs: nanoseconds(row.created_ms),
    lastSeenUnixNs: nanoseconds(row.last_seen_ms),
    expiresUnixNs: nanoseconds(sessionExpiresMs(row)),
    current: row.id === currentId,
  });
}

/** A token without its secret, which nobody has any more. */
export function tokenMessage(row: TokenRow): Token {
  const privileges = JSON.parse(row.privileges) as string[];
  return create(TokenSchema, {
    id: row.id,
    user: row.user_name,
    name: row.name,
    scope: row.scope,
    privileges: isEverything(privileges) ? [everything] : privileges,
    allowedCommands: JSON.parse(row.allowed_commands) as string[],
    createdUnixNs: nanoseconds(row.created_ms),
    expiresUnixNs: nanoseconds(row.expires_ms),
    ...(row.last_used_ms === null ? {} : { lastUsedUnixNs: nanoseconds(row.last_used_ms) }),
  });
}

/** A role, built in or made. */
export function roleMessage({ name, description, privileges }: RoleFacts): Role {
  const builtIn = builtInRoles.some((role) => role.name === name);
  return create(RoleSchema, { name, description, privileges: [...privileges], builtIn });
}

function nanoseconds(timeMs: number): bigint {
  return BigInt(timeMs) * nsPerMs;
}
