import type { HandlerContext, ServiceImpl } from '@connectrpc/connect';
import { isOperationError, OperationError } from '@innkeeper/contract';
import type { AccessService, LoginResponse, Me } from '@innkeeper/contract/control';
import type { Access } from '../../access/access.ts';
import { meMessage } from '../../access/me-message.ts';
import { clearSessionCookie, setSessionCookie } from '../../access/session-cookie.ts';
import type { Caller } from '../../ports/caller.ts';
import { authorizedCallOf, identifiedRequestOf } from '../api-interceptors.ts';
import { sessionNeeded } from '../session-needed.ts';
import { isSecurePage } from '../web/request-facts.ts';

type LoginMethods = 'login' | 'loginWithLink' | 'logout' | 'getMe';

/** Logging in and out. */
export function createLoginMethods(access: Access): Pick<ServiceImpl<typeof AccessService>, LoginMethods> {
  const throttled = new ThrottledLines();
  return {
    login: async ({ user, password }, context) => {
      const { address } = identifiedRequestOf(context).caller;
      try {
        await access.login.checkPassword(user, password, address);
      } catch (error) {
        if (isOperationError(error) && throttled.isRepeated(address, error.reason)) authorizedCallOf(context).forget();
        // A password that was typed into the wrong box does not go into the audit.
        if ((await access.store.users.find(user.slice(0, 63))) === undefined)
          authorizedCallOf(context).note({ user: '(unknown)' });
        throw error;
      }
      return await openSession(access, user, context);
    },
    loginWithLink: async ({ secret }, context) => {
      const { address } = identifiedRequestOf(context).caller;
      let giveBack: () => void;
      try {
        giveBack = access.login.tryLink(address);
      } catch (error) {
        if (isOperationError(error) && throttled.isRepeated(address, error.reason)) authorizedCallOf(context).forget();
        throw error;
      }
      const userName = await access.sessions.takeLink(secret);
      const user = userName === undefined ? undefined : await access.store.users.find(userName);
      if (user === undefined || user.disabled === 1) {
        throw new OperationError('LOGIN_FAILED', 'The login link was already used, or is older than 10 minutes.', {
          nextStep: 'Ask an administrator for another one.',
        });
      }
      giveBack();
      return await openSession(access, user.name, context);
    },
    logout: async ({ everywhere }, context) => {
      const { caller, facts } = identifiedRequestOf(context);
      if (caller.session === undefined) throw sessionNeeded('log out');
      if (everywhere) await access.store.sessions.removeAll(caller.name);
      else await access.store.sessions.remove(caller.session.id);
      context.responseHeader.append('set-cookie', clearSessionCookie(isSecurePage(facts)));
      await access.live.recheck();
      return {};
    },
    getMe: (_request, context) => describeCaller(access, identifiedRequestOf(context).caller),
  };
}

/** The caller's own account as an API message. */
async function describeCaller(access: Access, caller: Caller): Promise<Me> {
  if (caller.via === 'socket') return meMessage(caller, undefined, []);
  const bindings = await access.store.users.bindings(caller.name);
  return meMessage(caller, await access.store.users.find(caller.name), bindings);
}

async function openSession(
  access: Access,
  userName: string,
  context: HandlerContext,
): Promise<{ me: Me; csrfToken: LoginResponse['csrfToken'] }> {
  const { facts, caller } = identifiedRequestOf(context);
  const { address } = caller;
  const { secret } = await access.sessions.open(userName, { address, userAgent: facts.userAgent });
  // The browser forgets the cookie of the session it had, so nobody could end that one.
  if (caller.session !== undefined) await access.store.sessions.remove(caller.session.id);
  await access.store.users.loggedIn(userName, access.clock.nowMs());
  context.responseHeader.append('set-cookie', setSessionCookie(secret, isSecurePage(facts)));
  authorizedCallOf(context).name(userName);
  const cookie = setSessionCookie(secret, false).split(';', 1)[0];
  const credentials = { isLocal: false, address, authorization: undefined, cookie };
  const me = await describeCaller(access, await access.authenticate(credentials));
  return { me, csrfToken: me.csrfToken };
}

/** Of logins that are throttled, the first of each address in a row gets a line in the audit. */
class ThrottledLines {
  readonly #addresses = new Set<string>();

  isRepeated(address: string, reason: string): boolean {
    if (reason !== 'LOGIN_THROTTLED') {
      this.#addresses.delete(address);
      return false;
    }
    const isRepeated = this.#addresses.has(address);
    if (this.#addresses.size >= 1000) this.#addresses.clear();
    this.#addresses.add(address);
    return isRepeated;
  }
}
