import type { ServiceImpl } from '@connectrpc/connect';
import { OperationError } from '@innkeeper/contract';
import type { AccessService } from '@innkeeper/contract/control';
import type { AccessState } from '@innkeeper/store';
import type { Access } from '../../access/access.ts';
import { builtInRoles } from '../../access/built-in-roles.ts';
import { assertCovers, mayActOnHolders } from '../../access/cover.ts';
import { listRoles, rolesOf } from '../../access/grants.ts';
import { assertAdministratorStays } from '../../access/last-administrator.ts';
import { roleMessage } from '../../access/messages.ts';
import { isPrivilege, privileges as knownPrivileges } from '../../access/privileges.ts';
import type { Caller } from '../../ports/caller.ts';
import { identifiedRequestOf } from '../api-interceptors.ts';
import { pageOf } from '../page.ts';

type RoleMethods = 'listRoles' | 'setRole' | 'deleteRole';

const maxDescriptionChars = 500;

/** How roles are managed. */
export function createRoleMethods(access: Access): Pick<ServiceImpl<typeof AccessService>, RoleMethods> {
  const { store } = access;
  return {
    listRoles: async (request) => {
      const { items, nextPageToken } = pageOf(await listRoles(store), request);
      return {
        roles: items.map(roleMessage),
        knownPrivileges: Object.entries(knownPrivileges).map(([name, description]) => ({ name, description })),
        nextPageToken,
      };
    },
    setRole: async ({ name, description, privileges }, context) => {
      assertNotBuiltIn(name);
      if (!/^[a-z][a-z0-9._-]{0,62}$/.test(name)) {
        throw new OperationError('INVALID_NAME', `"${name.slice(0, 63)}" cannot be the name of a role.`);
      }
      if (description.length > maxDescriptionChars) {
        throw new OperationError('INVALID_ARGUMENT', `description has at most ${maxDescriptionChars} characters.`);
      }
      checkPrivileges(privileges);
      const { caller } = identifiedRequestOf(context);
      const role = { name, description, privileges: [...new Set(privileges)] };
      const row = { name, description, privileges: JSON.stringify(role.privileges) };
      await store.roles.save(row, (before, after) => {
        assertHoldsRole(caller, name, before);
        assertHoldsRole(caller, name, after);
        mayActOnHolders(caller, name)(before, after);
        assertAdministratorStays(before, after);
      });
      await access.live.recheck();
      return roleMessage(role);
    },
    deleteRole: async ({ name }, context) => {
      const { caller } = identifiedRequestOf(context);
      assertNotBuiltIn(name);
      if (await store.roles.removeUnused(name, (before) => assertHoldsRole(caller, name, before))) return {};
      const isThere = (await store.roles.list()).some((role) => role.name === name);
      throw isThere
        ? new OperationError('ROLE_IN_USE', `Users hold the role "${name}".`)
        : new OperationError('ROLE_NOT_FOUND', `There is no role "${name.slice(0, 63)}".`);
    },
  };
}

/** Throws PRIVILEGE_MISSING unless the caller has, everywhere, what the role gives to who holds it everywhere. */
function assertHoldsRole(caller: Caller, name: string, state: AccessState): void {
  const role = rolesOf(state).find((each) => each.name === name);
  assertCovers(caller, [{ scopes: [], privileges: new Set(role?.privileges) }]);
}

/** Throws INVALID_ARGUMENT when one is no privilege. */
export function checkPrivileges(privileges: readonly string[]): void {
  const unknown = privileges.find((name) => !isPrivilege(name));
  if (unknown === undefined) return;
  throw new OperationError('INVALID_ARGUMENT', `There is no privilege "${unknown.slice(0, 63)}".`, {
    nextStep: `Use some of ${Object.keys(knownPrivileges).join(', ')}.`,
  });
}

function assertNotBuiltIn(name: string): void {
  if (builtInRoles.every((role) => role.name !== name)) return;
  throw new OperationError('ROLE_BUILT_IN', `The role "${name}" is built in.`);
}
