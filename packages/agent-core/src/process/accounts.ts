import { OperationError } from '@innkeeper/contract/errors';
import type { Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { type Account, type Group, parseGroups, parsePasswd } from './parse-accounts.ts';

const maxFileBytes = 4 * 1024 * 1024;
const getentTimeoutMs = 5000;
/** Longer files are not cached. */
const rememberedChars = 32 * 1024;

/** The user and groups that a command runs as. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly account: Account | undefined;
}

export interface IdentityRequest {
  /** Name or number; empty: the agent's user. */
  readonly user: string;
  /** Name or number; empty: the user's primary group. */
  readonly group: string;
  readonly noSupplementaryGroups: boolean;
}

/**
 * Resolves a user and a group of the guest. Names missing from /etc/passwd and /etc/group are looked up with getent(1),
 * which knows LDAP and the like. A number needs no account.
 * @throws OperationError USER_NOT_FOUND, GROUP_NOT_FOUND
 */
export async function resolveIdentity(host: Host, request: IdentityRequest): Promise<Identity> {
  const { user, group, noSupplementaryGroups } = request;
  const accounts = localAccounts(readAccounts(host, '/etc/passwd'));
  const wanted = user === '' ? String(agentUid(host)) : user;
  const local = accounts.find((each) => each.name === wanted || String(each.uid) === wanted);
  const account = local ?? (user === '' ? undefined : await findElsewhere(host, wanted));
  const uid = account?.uid ?? idOf(wanted);
  if (uid === undefined) throw new OperationError('USER_NOT_FOUND', `The guest has no user ${user}.`);
  const gid = group === '' ? (account?.gid ?? uid) : await findGroupId(host, group);
  const groups =
    noSupplementaryGroups || account === undefined
      ? []
      : await supplementaryGroups(host, account.name, local !== undefined);
  return { uid, gid, groups: [...new Set([gid, ...groups])], account };
}

async function findElsewhere(host: Host, user: string): Promise<Account | undefined> {
  const found = parsePasswd(await getent(host, 'passwd', user));
  return found.find((each) => each.name === user || String(each.uid) === user);
}

async function findGroupId(host: Host, group: string): Promise<number> {
  const matches = (each: Group): boolean => each.name === group || String(each.gid) === group;
  const local = localGroups(readAccounts(host, '/etc/group')).find(matches);
  const gid = (local ?? parseGroups(await getent(host, 'group', group)).find(matches))?.gid ?? idOf(group);
  if (gid === undefined) throw new OperationError('GROUP_NOT_FOUND', `The guest has no group ${group}.`);
  return gid;
}

/** Local groups with this member; for a user of a directory service, getent's initgroups adds those from there. */
async function supplementaryGroups(host: Host, name: string, isLocal: boolean): Promise<number[]> {
  const local = localGroups(readAccounts(host, '/etc/group'))
    .filter((group) => group.members.includes(name))
    .map((group) => group.gid);
  if (isLocal) return local;
  const words = (await getent(host, 'initgroups', name)).trim().split(/\s+/).slice(1);
  return [...local, ...words.map(idOf).filter((gid) => gid !== undefined)];
}

/** A valid user or group id: -1 means "unchanged" to the kernel. */
function idOf(text: string): number | undefined {
  const id = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return id < 0xffff_ffff ? id : undefined;
}

/** The agent's own user; root if /proc is not available. */
export function agentUid(host: Host): number {
  try {
    return host.files.stat('/proc/self', true).uid;
  } catch {
    // ENOENT: no /proc.
    return 0;
  }
}

function readAccounts(host: Host, path: string): string {
  try {
    return host.files.readText(path, maxFileBytes);
  } catch (error) {
    // An initramfs may have no such file.
    if (hasErrno(error, 'ENOENT')) return '';
    throw error;
  }
}

const localAccounts = remembered(parsePasswd);
const localGroups = remembered(parseGroups);

/** The files are needed for every command and rarely change; parsing them takes longer than starting a command. */
function remembered<T>(parse: (text: string) => readonly T[]): (text: string) => readonly T[] {
  let last: { readonly text: string; readonly rows: readonly T[] } | undefined;
  return (text) => {
    if (last?.text === text) return last.rows;
    const rows = parse(text);
    last = text.length <= rememberedChars ? { text, rows } : undefined;
    return rows;
  };
}

/** Empty if getent is missing or finds nothing. */
async function getent(host: Host, database: string, key: string): Promise<string> {
  // A key that looks like an option would be parsed as one.
  if (key.startsWith('-') || key.includes('\n')) return '';
  try {
    const { exitCode, stdout } = await host.jobs.run(['/usr/bin/getent', database, key], {
      timeoutMs: getentTimeoutMs,
    });
    return exitCode === 0 ? stdout : '';
  } catch {
    // ENOENT: small guests have no getent. ETIMEDOUT: the directory service does not answer.
    return '';
  }
}
