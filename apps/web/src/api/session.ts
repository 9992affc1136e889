import type { Me } from '@innkeeper/contract/control';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { liveConnection } from '../live/live-connection.ts';
import { api, setCsrfToken } from './api.ts';

export const meKey = ['me'] as const;

/** The logged-in user. Fails with the code `unauthenticated` if there is none. */
export function useMe(): { readonly me: Me | undefined; readonly error: Error | null; readonly refetch: () => void } {
  const { data, error, refetch } = useQuery({
    queryKey: meKey,
    queryFn: async ({ signal }) => {
      const me = await api.access.getMe({}, { signal });
      setCsrfToken(me.csrfToken);
      return me;
    },
    staleTime: 60_000,
    refetchInterval: 300_000,
  });
  return { me: data, error, refetch: () => void refetch() };
}

/** Returns a function that switches to the user that logged in, or clears the session after a logout. */
export function useSessionChange(): (me: Me | undefined) => void {
  const client = useQueryClient();
  return (me) => {
    client.clear();
    setCsrfToken(me?.csrfToken ?? '');
    if (me !== undefined) client.setQueryData(meKey, me);
    liveConnection().reset();
  };
}

/** Whether the user has a privilege on all VMs, or on the given one. Without `vm`: on all VMs or on some. */
export function hasPrivilege(
  me: Me | undefined,
  privilege: string,
  vm?: { readonly id: string; readonly tags: Readonly<Record<string, string>> },
): boolean {
  if (me === undefined) return false;
  if (me.privileges.includes(privilege)) return true;
  return me.scopedPrivileges.some(
    ({ scope, privileges }) => privileges.includes(privilege) && (vm === undefined || isInScope(scope, vm)),
  );
}

/** `scope` is "*", "vm:ID", "tag:NAME" or "tag:NAME=VALUE". */
function isInScope(
  scope: string,
  { id, tags }: { readonly id: string; readonly tags: Readonly<Record<string, string>> },
): boolean {
  if (scope === '*') return true;
  if (scope.startsWith('vm:')) return scope.slice(3) === id;
  if (!scope.startsWith('tag:')) return false;
  const [name = '', ...value] = scope.slice(4).split('=');
  return Object.hasOwn(tags, name) && (value.length === 0 || tags[name] === value.join('='));
}
