import { AccountServiceLite as service } from '@innkeeper/contract/agent-lite';
import type { OperationError } from '@innkeeper/contract/errors';
import { attempt } from '../attempt.ts';
import { decodeText } from '../decode-text.ts';
import { object } from '../json-value.ts';
import { ask, type QgaCommand, type QgaSteps } from '../qga-command.ts';
import { QgaError } from '../qga-error.ts';

/** guest-set-user-password and guest-ssh-*. */
export const accountCommands: readonly QgaCommand[] = [
  {
    name: 'guest-set-user-password',
    needs: [service.change],
    prepare: (parameters) => {
      const user = parameters.text('username');
      const encoded = parameters.text('password');
      const isHash = parameters.boolean('crypted');
      return () => setPassword(user, encoded, isHash);
    },
  },
  {
    name: 'guest-ssh-get-authorized-keys',
    needs: [service.listKeys],
    prepare: (parameters) => {
      const user = parameters.text('username');
      return function* () {
        const { keys, omitted } = yield* ofUser(user, ask(service.listKeys, { user }));
        // Who takes the list for whole would write it back without the others.
        if (omitted > 0) throw new QgaError(`user '${user}' has ${keys.length + omitted} keys, too many for an answer`);
        return object({ keys: keys.map(({ line }) => line) });
      };
    },
  },
  {
    name: 'guest-ssh-add-authorized-keys',
    needs: [service.changeKeys],
    prepare: (parameters) => {
      const user = parameters.text('username');
      const add = parameters.texts('keys');
      const reset = parameters.optionalBoolean('reset') ?? false;
      return function* () {
        yield* ofUser(user, ask(service.changeKeys, { user, add: checkedKeys(add), wholeFile: true, reset }));
        return object({});
      };
    },
  },
  {
    name: 'guest-ssh-remove-authorized-keys',
    needs: [service.changeKeys],
    prepare: (parameters) => {
      const user = parameters.text('username');
      const remove = parameters.texts('keys');
      return function* () {
        yield* ofUser(user, ask(service.changeKeys, { user, remove: checkedKeys(remove), wholeFile: true }));
        return object({});
      };
    },
  },
];

function* setPassword(user: string, encoded: string, isHash: boolean): QgaSteps<ReturnType<typeof object>> {
  const password = decodeText(encoded);
  if (password.includes('\n')) throw new QgaError('forbidden characters in raw password');
  if (/[\n:]/.test(user)) throw new QgaError('forbidden characters in username');
  yield* ask(service.change, isHash ? { user, passwordHash: password } : { user, password });
  return object({});
}

function* ofUser<T>(user: string, steps: QgaSteps<T>): QgaSteps<T> {
  const translate = ({ reason }: OperationError): QgaError | undefined =>
    reason === 'USER_NOT_FOUND' ? new QgaError(`failed to lookup user '${user}'`) : undefined;
  return yield* attempt(steps, translate);
}

/** Without empty ones: virsh sends what follows the last line of a file as a key. */
function checkedKeys(keys: readonly string[]): string[] {
  for (const key of keys)
    if (key.startsWith('#') || key.includes('\n')) throw new QgaError(`invalid OpenSSH public key: '${key}'`);
  return keys.filter((key) => key !== '');
}
