/** Links that distributions have in the paths of the agent's files, and their allowed targets. */
const standardLinks: ReadonlyMap<string, readonly string[]> = new Map([
  // Merged /usr, and Fedora 42, where sbin is a link to bin.
  ['/bin', ['usr/bin']],
  ['/sbin', ['usr/sbin', 'usr/bin']],
  ['/lib', ['usr/lib']],
  ['/usr/sbin', ['bin']],
  // Systems whose /usr is read-only.
  ['/usr/local', ['var/usrlocal']],
  // Red Hat and its derivatives keep SysV scripts one folder deeper.
  ['/etc/init.d', ['etc/rc.d/init.d']],
  ...[0, 1, 2, 3, 4, 5, 6].map((level): [string, string[]] => [`/etc/rc${level}.d`, [`etc/rc.d/rc${level}.d`]]),
]);

/** Whether a link inside an image is one of the distributions' links: `path` is the link's, `target` as stored in it. */
export function isStandardLink(path: string, target: string): boolean {
  const allowed = standardLinks.get(path);
  if (allowed === undefined) return false;
  const folder = path.split('/').slice(1, -1);
  const parts = target.startsWith('/') ? [] : [...folder];
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  const resolved = parts.join('/');
  return allowed.some((where) => resolved === where || resolved === [...folder, where].join('/'));
}
