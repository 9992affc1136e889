import { UserAccountSchema } from '@innkeeper/contract/agent';
import { defineCommand } from '../define-command.ts';
import { dataOutput, flag } from '../options.ts';
import { clean } from '../output/clean.ts';
import { printObject } from '../output/json.ts';
import { readGuestPassword } from './guest-password.ts';

/** `inn account passwd VM USER`: the password is never an argument, which every user of this machine could see. */
export const passwd = defineCommand({
  arguments: '<vm> <user>',
  options: [flag('--expire', 'it must be changed at the next login'), dataOutput],
  async run({ client, options: { expire, output } }, vm, user) {
    const password = await readGuestPassword(user);
    const account = await client.agent(vm).accounts.change({ user, password, expire });
    if (output === 'table') process.stdout.write(`The password of ${clean(user)} is set.\n`);
    else printObject(output, UserAccountSchema, account);
  },
});

/** `inn account lock VM USER` and its like: one change without a value. */
function change(done: string, request: { readonly expire?: boolean; readonly locked?: boolean }) {
  return defineCommand({
    arguments: '<vm> <user>',
    options: [dataOutput],
    async run({ client, options: { output } }, vm, user) {
      const account = await client.agent(vm).accounts.change({ user, ...request });
      if (output === 'table') process.stdout.write(`${clean(user)} ${done}.\n`);
      else printObject(output, UserAccountSchema, account);
    },
  });
}

export const lock = change('is locked', { locked: true });
export const unlock = change('is unlocked', { locked: false });
export const expire = change('must change the password at the next login', { expire: true });
