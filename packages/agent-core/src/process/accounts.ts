import { OperationError } from '@innkeeper/contract/errors';
import type { Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { type Account, type Group, parseGroups, parsePasswd } from './parse-accounts.ts';

const maxFileBytes = 4 * 1024 * 1024;
const getentTimeoutMs = 5000;

/** Who a command runs as. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly account: Account | undefined;
}

export interface IdentityRequest {
  /** Name or number; empty: the agent's own. */
  readonly user: string;
  /** Name or number; empty: the user's primary group. */
  readonly group: string;
  readonly noSupplementaryGroups: boolean;
}

/**
 * Resolves a user and a group of the guest. What /etc/passwd and /etc/group lack is asked of getent(1), which knows
 * LDAP and the like. A number needs no account.
 * @throws OperationError USER_NOT_FOUND, GROUP_NOT_FOUND
 */
export async function resolveIdentity(host: Host, request: IdentityRequest): Promise<Identity> {
  const account = await findAccount(host, request.user === '' ? '0' : request.user);
  const isNumber = /^\d+$/.test(request.user);
  if (account === undefined && request.user !== '' && !isNumber)
    throw new OperationError('USER_NOT_FOUND', `The guest has no user ${request.user}.`);
  const uid = account?.uid ?? (isNumber ? Number(request.user) : 0);
  const gid = request.group === '' ? (account?.gid ?? uid) : await findGroupId(host, request.group);
  const groups =
    request.noSupplementaryGroups || account === undefined ? [] : await supplementaryGroups(host, account.name);
  return { uid, gid, groups: [...new Set([gid, ...groups])], account };
}

async function findAccount(host: Host, user: string): Promise<Account | undefined> {
  const matches = (each: Account): boolean => each.name === user || String(each.uid) === user;
  const local = parsePasswd(host.files.readText('/etc/passwd', maxFileBytes)).find(matches);
  return local ?? parsePasswd(await getent(host, 'passwd', user)).find(matches);
}

async function findGroupId(host: Host, group: string): Promise<number> {
  const matches = (each: Group): boolean => each.name === group || String(each.gid) === group;
  const found =
    parseGroups(readGroups(host)).find(matches) ?? parseGroups(await getent(host, 'group', group)).find(matches);
  if (found !== undefined) return found.gid;
  if (/^\d{1,10}$/.test(group)) return Number(group);
  throw new OperationError('GROUP_NOT_FOUND', `The guest has no group ${group}.`);
}

/** Local groups that name the user; getent's initgroups adds those of the directory service. */
async function supplementaryGroups(host: Host, name: string): Promise<number[]> {
  const local = parseGroups(readGroups(host))
    .filter((group) => group.members.includes(name))
    .map((group) => group.gid);
  const isLocal = parsePasswd(host.files.readText('/etc/passwd', maxFileBytes)).some(
    (account) => account.name === name,
  );
  if (isLocal) return local;
  const line = await getent(host, 'initgroups', name);
  return [...local, ...line.trim().split(/\s+/).slice(1).map(Number).filter(Number.isInteger)];
}

function readGroups(host: Host): string {
  try {
    return host.files.readText('/etc/group', maxFileBytes);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return '';
    throw error;
  }
}

/** Empty when there is no getent, or it knows nothing. */
async function getent(host: Host, database: string, key: string): Promise<string> {
  // A key that looks like an option would be one.
  if (key.startsWith('-') || key.includes('\n')) return '';
  try {
    const { exitCode, stdout } = await host.jobs.run(['/usr/bin/getent', database, key], {
      timeoutMs: getentTimeoutMs,
    });
    return exitCode === 0 ? stdout : '';
  } catch {
    // ENOENT: small guests have none. ETIMEDOUT: a directory service that does not answer knows nobody.
    return '';
  }
}
