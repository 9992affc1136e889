import type { Account } from './parse-accounts.ts';

const rootPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const userPath = '/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games';

/** Marks every process of a tree, so that processes that left it can be found. */
export const markerName = 'INNKEEPER_EXEC_ID';

export interface EnvironmentRequest {
  readonly id: string;
  readonly uid: number;
  readonly account: Account | undefined;
  readonly terminal: boolean;
  /** The caller's variables; they override the defaults, but not the marker. */
  readonly extra: Readonly<Record<string, string>>;
  /** There are no defaults. */
  readonly isWhole?: boolean;
}

/** The complete environment of a command: that of a login of its user, plus the caller's variables. */
export function buildEnvironment({
  id,
  uid,
  account,
  terminal,
  extra,
  isWhole,
}: EnvironmentRequest): Map<string, string> {
  if (isWhole === true) return new Map([...Object.entries(extra), [markerName, id]]);
  const environment = new Map([['PATH', uid === 0 ? rootPath : userPath]]);
  if (account !== undefined) {
    environment.set('HOME', account.home);
    environment.set('USER', account.name);
    environment.set('LOGNAME', account.name);
    environment.set('SHELL', account.shell === '' ? '/bin/sh' : account.shell);
  } else {
    environment.set('HOME', '/');
    environment.set('SHELL', '/bin/sh');
  }
  if (terminal) {
    environment.set('TERM', 'xterm-256color');
    // Exists in every guest without being generated.
    environment.set('LANG', 'C.UTF-8');
  }
  for (const [name, value] of Object.entries(extra)) environment.set(name, value);
  environment.set(markerName, id);
  return environment;
}
