const maxUsers = 50;
const userName = /^[a-zA-Z_][\w.-]{0,31}\$?$/;
const noShell = /(?:^$|\/(?:nologin|false|sync|halt|shutdown))$/;

/** Returns the users with a login shell in a guest's /etc/passwd, root first, at most 50. Invalid lines are ignored. */
export function loginUsers(passwd: string): string[] {
  const users = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([name = '', , , , , , shell = '']) => userName.test(name) && !noShell.test(shell.trim()))
    .map(([name = '']) => name);
  return [...new Set(['root', ...users])].slice(0, maxUsers);
}
