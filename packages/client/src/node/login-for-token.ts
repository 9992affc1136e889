import { createClient as createConnectClient, type Interceptor } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { AccessService } from '@innkeeper/contract/control';
import { toOperationError } from './errors.ts';
import { serverOf } from './server.ts';

export interface PasswordLogin {
  readonly url: string;
  readonly ca?: string | undefined;
  readonly user: string;
  readonly password: string;
  /** Name of the token in lists. */
  readonly tokenName: string;
}

/**
 * Logs in with a password, creates an API token, and logs out; the password is not stored. Rejects with LOGIN_FAILED,
 * LOGIN_THROTTLED or DAEMON_UNREACHABLE.
 */
export async function loginForToken(login: PasswordLogin): Promise<{ token: string; tokenId: string }> {
  const { url, ca, user, password, tokenName } = login;
  const server = serverOf({ url, token: '', ca });
  const session = new Map<string, string>();
  const withSession: Interceptor = (next) => async (request) => {
    for (const [name, value] of session) request.header.set(name, value);
    const response = await next(request);
    const cookie = response.header.get('set-cookie')?.split(';', 1)[0];
    if (cookie !== undefined && !session.has('cookie')) session.set('cookie', cookie);
    return response;
  };
  const access = createConnectClient(
    AccessService,
    createConnectTransport({
      baseUrl: server.name,
      httpVersion: '1.1',
      interceptors: [withSession],
      nodeOptions: ca === undefined ? {} : { ca },
    }),
  );
  try {
    session.set('x-innkeeper-csrf', (await access.login({ user, password })).csrfToken);
    const { secret, token } = await access.createToken({ name: tokenName, privileges: ['*'] });
    await access.logout({});
    return { token: secret, tokenId: token?.id ?? '' };
  } catch (error) {
    throw toOperationError(error, server);
  }
}
