import type { ChangeAccountRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { lacks } from '../foreign/refusals.ts';
import type { QgaExchanges } from './qga-session.ts';

/** Sets an account's password. The protocol can change nothing else of an account. */
export async function setPasswordByQga(
  session: QgaExchanges,
  request: Partial<ChangeAccountRequest>,
  signal: AbortSignal,
): Promise<object> {
  const { user = '', password, passwordHash, expire = false, locked } = request;
  if (expire || locked !== undefined)
    throw lacks(
      'The QEMU guest agent sets passwords, and neither locks accounts nor lets passwords expire',
      'accounts',
    );
  const given = password ?? passwordHash;
  if (given === undefined || (password !== undefined && passwordHash !== undefined))
    throw new OperationError('INVALID_ARGUMENT', 'Either a password or its hash is needed.');
  // The agent hands both to chpasswd as one line.
  if (/\p{Cc}/u.test(given + user) || user.includes(':') || user === '' || given === '')
    throw new OperationError('INVALID_ARGUMENT', 'A name or password is empty or has control characters.');
  await session.call(signal, 'guest-set-user-password', {
    username: user,
    password: Buffer.from(given).toString('base64'),
    crypted: passwordHash !== undefined,
  });
  return { name: user, hasPassword: true };
}
