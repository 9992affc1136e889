const maxUsers = 50;
const userName = /^[a-zA-Z_][\w.-]{0,31}\$?$/;
const noShell = /(?:^$|\/(?:nologin|false|sync|halt|shutdown))$/;

/** Who in a guest has a login shell, by its /etc/passwd; root first. What is no such line is left aside. */
export function loginUsers(passwd: string): string[] {
  const users = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([name = '', , , , , , shell = '']) => userName.test(name) && !noShell.test(shell.trim()))
    .map(([name = '']) => name);
  return [...new Set(['root', ...users])].slice(0, maxUsers);
}
