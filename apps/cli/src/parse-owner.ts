import { CliError } from './cli-error.ts';

/** "user", "user:group", ":group"; what is not named is left as it is. */
export function parseOwner(text: string): { readonly user?: string; readonly group?: string } {
  const [user = '', group, ...more] = text.split(':');
  if (more.length > 0 || (user === '' && (group ?? '') === ''))
    throw new CliError(`"${text}" is no owner: USER, USER:GROUP or :GROUP`);
  return { ...(user === '' ? {} : { user }), ...(group === undefined || group === '' ? {} : { group }) };
}
