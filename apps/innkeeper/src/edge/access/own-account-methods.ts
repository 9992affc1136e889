import type { ServiceImpl } from '@connectrpc/connect';
import { isOperationError, OperationError } from '@innkeeper/contract';
import type { AccessService } from '@innkeeper/contract/control';
import type { UserRow } from '@innkeeper/store';
import type { Access } from '../../access/access.ts';
import { checkAllowedCommands } from '../../access/allowed-commands.ts';
import { tokenPrefix } from '../../access/authenticate.ts';
import { mayDo, privilegeMissing } from '../../access/authorize.ts';
import { everything, isEverything } from '../../access/grants.ts';
import { sessionMessage, tokenMessage } from '../../access/messages.ts';
import { checkScope } from '../../access/scope.ts';
import { hashSecret, newId, newSecret } from '../../access/secrets.ts';
import type { Caller } from '../../ports/caller.ts';
import { identifiedRequestOf } from '../api-interceptors.ts';
import { pageOf } from '../page.ts';
import { sessionNeeded } from '../session-needed.ts';
import { checkPrivileges } from './role-methods.ts';

type OwnAccountMethods = 'changePassword' | 'listSessions' | 'listTokens' | 'createToken' | 'revokeToken';

const dayMs = 24 * 3_600_000;
const defaultLifetimeDays = 90;
const maxLifetimeDays = 3650;
const maxTokens = 100;
const maxTokenNameChars = 63;

/** What users do about themselves. */
export function createOwnAccountMethods(access: Access): Pick<ServiceImpl<typeof AccessService>, OwnAccountMethods> {
  const { store, passwords, clock } = access;
  return {
    changePassword: async ({ currentPassword, newPassword }, context) => {
      const { caller } = identifiedRequestOf(context);
      if (caller.session === undefined) throw sessionNeeded('change a password');
      const user = await access.users.get(caller.name);
      if (user.password !== null) await checkCurrentPassword(access, caller, currentPassword);
      await access.users.change(user.name, { password: await passwords.hash(newPassword) });
      await store.sessions.removeAll(user.name, caller.session.id);
      await store.sessions.removeLinks(user.name);
      await access.live.recheck();
      return {};
    },
    listSessions: async (request, context) => {
      const { caller } = identifiedRequestOf(context);
      const { items, nextPageToken } = pageOf(await store.sessions.list(caller.name), request);
      return { sessions: items.map((row) => sessionMessage(row, caller.session?.id)), nextPageToken };
    },
    listTokens: async (request, context) => {
      const { all } = request;
      const { caller } = identifiedRequestOf(context);
      if (all && !mayDo(caller, 'user.manage', 'everywhere'))
        throw privilegeMissing(caller, 'user.manage', 'everywhere');
      const rows = await store.tokens.list(all ? undefined : (await ownUser(access, caller)).name);
      const { items, nextPageToken } = pageOf(rows, request);
      return { tokens: items.map(tokenMessage), nextPageToken };
    },
    createToken: async (request, context) => {
      const { caller } = identifiedRequestOf(context);
      // It could make one that may do more than itself.
      if (caller.via === 'token') throw sessionNeeded('make a token');
      const { name, privileges, scope, allowedCommands, lifetimeDays } = request;
      if (name === '' || name.length > maxTokenNameChars) {
        throw new OperationError('INVALID_ARGUMENT', `name has 1 to ${maxTokenNameChars} characters.`);
      }
      if (lifetimeDays > maxLifetimeDays) {
        throw new OperationError('INVALID_ARGUMENT', `lifetime_days is ${lifetimeDays}; at most ${maxLifetimeDays}.`);
      }
      if (privileges.length === 0) {
        throw new OperationError('INVALID_ARGUMENT', 'privileges is empty: a token must say what it may do.', {
          nextStep: `Name the privileges that it needs, or "${everything}" for all that you have.`,
        });
      }
      checkPrivileges(privileges.filter((privilege) => privilege !== everything));
      checkAllowedCommands(allowedCommands);
      const user = await ownUser(access, caller);
      if ((await store.tokens.list(user.name)).length >= maxTokens) {
        throw new OperationError('INVALID_ARGUMENT', `A user can have ${maxTokens} tokens; revoke some.`);
      }
      const secret = `${tokenPrefix}${newSecret()}`;
      const nowMs = clock.nowMs();
      const row = {
        id: newId(),
        hash: hashSecret(secret),
        user_name: user.name,
        name,
        privileges: JSON.stringify(isEverything(privileges) ? [everything] : [...new Set(privileges)]),
        scope: scope === '' ? '*' : checkScope(scope),
        allowed_commands: JSON.stringify(allowedCommands),
        created_ms: nowMs,
        expires_ms: nowMs + (lifetimeDays === 0 ? defaultLifetimeDays : lifetimeDays) * dayMs,
        last_used_ms: null,
      };
      await store.tokens.insert(row);
      return { token: tokenMessage(row), secret };
    },
    revokeToken: async ({ id }, context) => {
      const { caller } = identifiedRequestOf(context);
      const token = await store.tokens.find(id);
      const isOwn = token?.user_name === (await ownUser(access, caller)).name;
      const mayRevoke = (isOwn && caller.token === undefined) || caller.token?.id === id;
      // A token of somebody else is not known to who may not manage users.
      if (token === undefined || !(mayRevoke || mayDo(caller, 'user.manage', 'everywhere'))) {
        throw new OperationError('TOKEN_NOT_FOUND', `There is no token with the id "${id.slice(0, 40)}".`);
      }
      if (!mayRevoke) await access.users.assertMayActOn(caller, token.user_name);
      await store.tokens.remove(id);
      await access.live.recheck();
      return {};
    },
  };
}

/** A wrong one does not mean that the session has ended, as `LOGIN_FAILED` would. */
async function checkCurrentPassword(access: Access, { name, address }: Caller, password: string): Promise<void> {
  try {
    await access.login.checkPassword(name, password, address);
  } catch (error) {
    if (!isOperationError(error) || error.reason !== 'LOGIN_FAILED') throw error;
    throw new OperationError('PASSWORD_WRONG', 'The current password is wrong.', { cause: error });
  }
}

/** The user that a caller acts as. Through the unix socket it is the first administrator. */
async function ownUser(access: Access, caller: Caller): Promise<UserRow> {
  if (caller.via !== 'socket') return await access.users.get(caller.name);
  await access.users.createFirst();
  const user = await access.users.firstAdministrator();
  if (user !== undefined) return user;
  throw new OperationError('ACCOUNT_NOT_FOUND', 'There is no user who may manage users.');
}
