/** A line of passwd(5). */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

/** A line of group(5). */
export interface Group {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** Malformed lines are skipped, as in libc. */
export function parsePasswd(text: string): Account[] {
  const accounts: Account[] = [];
  for (const line of text.split('\n')) {
    const [name, , uid, gid, , home, shell] = line.split(':');
    if (!name || home === undefined || !isId(uid) || !isId(gid)) continue;
    accounts.push({ name, uid: Number(uid), gid: Number(gid), home, shell: shell ?? '' });
  }
  return accounts;
}

export function parseGroups(text: string): Group[] {
  const groups: Group[] = [];
  for (const line of text.split('\n')) {
    const [name, , gid, members] = line.split(':');
    if (!name || !isId(gid)) continue;
    groups.push({ name, gid: Number(gid), members: (members ?? '').split(',').filter((member) => member !== '') });
  }
  return groups;
}

function isId(text: string | undefined): text is string {
  return text !== undefined && /^\d{1,10}$/.test(text) && Number(text) < 0xffffffff;
}
