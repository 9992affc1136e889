import type { ServiceImpl } from '@connectrpc/connect';
import { OperationError } from '@innkeeper/contract';
import type { AccessService } from '@innkeeper/contract/control';
import type { UserChange } from '@innkeeper/store';
import { type Access, loginPath } from '../../access/access.ts';
import { assertCovers } from '../../access/cover.ts';
import { grantsOf, listRoles } from '../../access/grants.ts';
import { userMessage } from '../../access/messages.ts';
import { identifiedRequestOf } from '../api-interceptors.ts';
import { pageOf } from '../page.ts';

type UserMethods = 'createLoginLink' | 'listUsers' | 'createUser' | 'updateUser' | 'deleteUser';

const nsPerMs = 1_000_000n;

/** How users are managed. Nobody gives away, takes over or takes from others more than they have themselves. */
export function createUserMethods(access: Access): Pick<ServiceImpl<typeof AccessService>, UserMethods> {
  const { store, users, passwords, sessions } = access;
  return {
    createLoginLink: async ({ user: name }, context) => {
      const { caller } = identifiedRequestOf(context);
      const user = name === '' ? await users.firstAdministrator() : await users.get(name);
      if (user === undefined) throw new OperationError('ACCOUNT_NOT_FOUND', 'There is no user who may manage users.');
      if (user.disabled === 1) throw new OperationError('ACCOUNT_DISABLED', `The user "${user.name}" is disabled.`);
      await users.assertMayActOn(caller, user.name);
      const { secret, expiresMs } = await sessions.createLink(user.name);
      return { path: loginPath(secret), expiresUnixNs: BigInt(expiresMs) * nsPerMs };
    },
    listUsers: async (request) => {
      const bindings = Map.groupBy(await store.users.bindings(), ({ user_name }) => user_name);
      const { items, nextPageToken } = pageOf(await store.users.list(), request);
      return { users: items.map((user) => userMessage(user, bindings.get(user.name) ?? [])), nextPageToken };
    },
    createUser: async ({ name, roles: asked, password }, context) => {
      const roles = await users.checkBindings(asked);
      assertCovers(identifiedRequestOf(context).caller, grantsOf(roles, await listRoles(store)));
      const user = await users.create(name, roles, password === '' ? null : await passwords.hash(password));
      return userMessage(user, await store.users.bindings(name));
    },
    updateUser: async ({ name, setRoles, roles, disabled, password }, context) => {
      const { caller } = identifiedRequestOf(context);
      await users.get(name);
      // Asked again with the change; before it, so that a refusal costs no hash.
      await users.assertMayActOn(caller, name);
      const change: UserChange = {
        bindings: setRoles ? roles.map(({ role, scope }) => ({ role, scope })) : undefined,
        disabled,
        ...(password === undefined ? {} : { password: password === '' ? null : await passwords.hash(password) }),
      };
      await users.change(name, change, caller);
      if (disabled === true || password !== undefined) await store.sessions.removeAll(name);
      // Whoever made a link could log in as what the user was then, not as what they are now.
      if (setRoles || disabled === true || password !== undefined) await store.sessions.removeLinks(name);
      await access.live.recheck();
      return userMessage(await users.get(name), await store.users.bindings(name));
    },
    deleteUser: async ({ name }, context) => {
      await users.change(name, 'remove', identifiedRequestOf(context).caller);
      await access.live.recheck();
      return {};
    },
  };
}
