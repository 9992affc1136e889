import type { Account } from './parse-accounts.ts';

const rootPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const userPath = '/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games';

/** Marks every process of a tree, so that those that left it are found again. */
export const markerName = 'INNKEEPER_EXEC_ID';

export interface EnvironmentRequest {
  readonly id: string;
  readonly uid: number;
  readonly account: Account | undefined;
  readonly terminal: boolean;
  /** What the caller adds; it wins over the defaults, but not over the marker. */
  readonly extra: Readonly<Record<string, string>>;
}

/** The whole environment of a command: what a login of its user would have, and what the caller adds. */
export function buildEnvironment({ id, uid, account, terminal, extra }: EnvironmentRequest): Map<string, string> {
  const environment = new Map([['PATH', uid === 0 ? rootPath : userPath]]);
  if (account !== undefined) {
    environment.set('HOME', account.home);
    environment.set('USER', account.name);
    environment.set('LOGNAME', account.name);
    environment.set('SHELL', account.shell === '' ? '/bin/sh' : account.shell);
  }
  if (terminal) environment.set('TERM', 'xterm-256color');
  for (const [name, value] of Object.entries(extra)) environment.set(name, value);
  environment.set(markerName, id);
  return environment;
}
