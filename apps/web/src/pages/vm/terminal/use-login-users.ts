import type { Vm } from '@innkeeper/contract/control';
import { useQuery } from '@tanstack/react-query';
import { guest } from '../../../api/guest.ts';
import { hasPrivilege, useMe } from '../../../api/session.ts';
import { loginUsers } from './login-users.ts';

const maxPasswdBytes = 256 * 1024;

/**
 * Users for a new terminal: those with a login shell, if /etc/passwd may be read, and logged-in users. Always has root.
 */
export function useLoginUsers(vm: Vm, enabled: boolean): readonly string[] {
  const { me } = useMe();
  const { data } = useQuery({
    queryKey: ['login-users', vm.id],
    queryFn: async ({ signal }) => {
      const file = await guest.files.read(vm.id, '/etc/passwd', { length: maxPasswdBytes, signal });
      return loginUsers(await file.text());
    },
    enabled: enabled && hasPrivilege(me, 'guest.file.read', vm),
    retry: false,
    staleTime: 60_000,
  });
  const loggedIn = (vm.telemetry?.users ?? []).map(({ name }) => name);
  return [...new Set([...(data ?? ['root']), ...loggedIn])];
}
