import { quoteWord } from '@innkeeper/kit';

interface Binding {
  readonly role: string;
  readonly scope: string;
}

/** An option that is repeated, as words of a shell. */
const each = (option: string, values: readonly string[]): string[] =>
  values.map((value) => `${option} ${quoteWord(value)}`);

const bindings = (roles: readonly Binding[]): string[] =>
  each(
    '--role',
    roles.map(({ role, scope }) => (scope === '*' ? role : `${role}@${scope}`)),
  );

const command = (...words: readonly string[]): string => words.filter((word) => word !== '').join(' ');

/** A name that may not be typed yet. */
const named = (name: string): string => (name === '' ? 'NAME' : quoteWord(name));

/** The `inn` commands for users, roles, tokens and passwords. A password is never part of one: inn asks for it. */
export const accessCommands = {
  createUser: (name: string, roles: readonly Binding[], hasPassword: boolean): string =>
    [
      command('inn user create', named(name), ...bindings(roles)),
      ...(hasPassword ? [`inn user set ${named(name)} --password set`] : []),
    ].join(' && '),
  changeUser: (name: string, roles: readonly Binding[], hasPassword: boolean): string =>
    command('inn user set', named(name), ...bindings(roles), hasPassword ? '--password set' : ''),
  setLogin: (name: string, isOn: boolean): string => `inn user set ${named(name)} --login ${isOn ? 'on' : 'off'}`,
  deleteUser: (name: string): string => `inn user rm ${named(name)}`,
  loginLink: (name: string): string => `inn web --user ${named(name)}`,
  changePassword: (): string => 'inn user passwd',
  setRole: (name: string, privileges: readonly string[], description: string): string =>
    command(
      'inn role set',
      named(name),
      ...each('--privilege', privileges),
      description === '' ? '' : `--description ${quoteWord(description)}`,
    ),
  deleteRole: (name: string): string => `inn role rm ${named(name)}`,
  createToken: (token: {
    readonly name: string;
    readonly privileges: readonly string[];
    readonly scope: string;
    readonly allowedCommands: readonly string[];
    readonly lifetimeDays: number;
  }): string =>
    command(
      'inn token create',
      named(token.name),
      ...each('--privilege', token.privileges),
      token.scope === '*' || token.scope === '' ? '' : `--scope ${quoteWord(token.scope)}`,
      ...each('--allow', token.allowedCommands),
      `--days ${token.lifetimeDays}`,
    ),
  revokeToken: (id: string): string => `inn token revoke ${quoteWord(id)}`,
};
