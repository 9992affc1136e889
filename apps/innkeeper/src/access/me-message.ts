import { create } from '@bufbuild/protobuf';
import { type Me, MeSchema } from '@innkeeper/contract/control';
import type { RoleBindingRow, UserRow } from '@innkeeper/store';
import type { Caller, Grant } from '../ports/caller.ts';

const nsPerMs = 1_000_000n;

/** The caller's own account as an API message. `user` is undefined for the unix socket. */
export function meMessage(
  caller: Caller,
  user: UserRow | undefined,
  bindings: readonly Pick<RoleBindingRow, 'role' | 'scope'>[],
): Me {
  const { expiresMs } = caller.session ?? caller.token ?? {};
  const everywhere = caller.grants.filter(({ scopes }) => scopes.length === 0);
  const scoped = caller.grants.filter(({ scopes }) => scopes.length > 0);
  return create(MeSchema, {
    user: caller.name,
    via: caller.via,
    roles: user === undefined ? [{ role: 'administrator', scope: '*' }] : [...bindings],
    privileges: namesOf(everywhere),
    scopedPrivileges: [...Map.groupBy(scoped, ({ scopes }) => scopes.join(' & '))].map(([scope, grants]) => ({
      scope,
      privileges: namesOf(grants),
    })),
    ...(expiresMs === undefined ? {} : { expiresUnixNs: BigInt(expiresMs) * nsPerMs }),
    csrfToken: caller.session?.csrfToken ?? '',
    passwordNeeded: user !== undefined && user.password === null,
  });
}

function namesOf(grants: readonly Grant[]): string[] {
  return [...new Set(grants.flatMap(({ privileges }) => [...privileges]))].toSorted();
}
