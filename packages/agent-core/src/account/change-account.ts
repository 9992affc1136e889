import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ChangeAccountRequest, UserAccountSchema } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { exists } from '../file/exists.ts';
import type { Host } from '../host.ts';
import { type Account, parsePasswd } from '../process/parse-accounts.ts';
import { changeSecret, maxAccountBytes, readSecrets } from './account-files.ts';
import { newSalt, sha256Crypt } from './sha256-crypt.ts';
import { withinChars } from './within-chars.ts';

const maxPasswordBytes = 255;
const chpasswd = '/usr/sbin/chpasswd';
const timeoutMs = 30_000;
const msPerDay = 86_400_000n;
const nsPerMs = 1_000_000n;
/** Accounts in a list, and characters of all their texts together: an answer fits into a frame. */
const maxAccounts = 400;
const maxChars = 20_000;
const firstPerson = 1000;
const nobody = 65_534;

/** What List answers: root and people before services. */
export function listAccounts(host: Host) {
  const isPerson = ({ uid }: Account): boolean => uid === 0 || (uid >= firstPerson && uid !== nobody);
  const all = readPasswd(host);
  const secrets = readSecrets(host);
  const sorted = [...all.filter(isPerson), ...all.filter((each) => !isPerson(each))].slice(0, maxAccounts);
  const accounts = withinChars(sorted, maxChars, ({ name, home, shell }) => name + home + shell).map((account) =>
    describe(account, secrets),
  );
  return { accounts, omitted: all.length - accounts.length };
}

/** @throws OperationError USER_NOT_FOUND for a user that is not in /etc/passwd */
export function findAccount(host: Host, user: string): Account {
  const found = readPasswd(host).find(({ name }) => name === user);
  if (found === undefined)
    throw new OperationError('USER_NOT_FOUND', `/etc/passwd of the guest has no user "${user.slice(0, 64)}".`);
  return found;
}

/** Change: the password, whether it must be changed, and the lock. */
export async function changeAccount(host: Host, request: ChangeAccountRequest) {
  const { user, password, passwordHash, expire, locked } = request;
  const account = findAccount(host, user);
  if (password !== undefined) checkPassword(password);
  if (passwordHash !== undefined) checkHash(passwordHash, password);
  const secret = (): string => readSecrets(host).get(user)?.[1] ?? '';
  const isNew = password !== undefined || passwordHash !== undefined;
  if (locked === false && !isNew && !isHash(secret().replace(/^!+/, '')))
    throw new OperationError('INVALID_ARGUMENT', `"${user}" has no password, so it cannot be unlocked.`);
  const changedDay = expire ? 0 : undefined;
  if (password !== undefined) await setPassword(host, user, password);
  if (passwordHash !== undefined) await changeSecret(host, user, { field: passwordHash, changedDay: today(host) });
  if (locked !== undefined || expire) {
    const bare = secret().replace(/^!+/, '');
    await changeSecret(host, user, { field: locked === undefined ? secret() : locked ? `!${bare}` : bare, changedDay });
  }
  return describe(account, readSecrets(host));
}

/** Its text never becomes a part of a line, of an argument or of an error. */
async function setPassword(host: Host, user: string, password: string): Promise<void> {
  if (hasChpasswd(host)) {
    const { exitCode } = await host.jobs.run([chpasswd], { timeoutMs, stdin: `${user}:${password}\n` });
    if (exitCode === 0) return;
    // What it says could contain the password. Without a word it refuses where PAM is not set up, as in a small guest.
  }
  const field = await sha256Crypt(host, password, newSalt(host));
  await changeSecret(host, user, { field, changedDay: today(host) });
}

/** Days since the epoch. */
function today(host: Host): number {
  return Number(host.clock.wallTimeNs() / nsPerMs / msPerDay);
}

/** A field of /etc/shadow: what separates fields or lines would change another account. */
function checkHash(hash: string, password: string | undefined): void {
  if (password !== undefined) throw new OperationError('INVALID_ARGUMENT', 'Give either password or password_hash.');
  if (!/^[\x21-\x39\x3b-\x7e]{1,512}$/.test(hash))
    throw new OperationError('INVALID_ARGUMENT', 'password_hash must be 1 to 512 printable characters without ":".');
}

/** Busybox's own uses DES, which ignores all but 8 characters. */
function hasChpasswd(host: Host): boolean {
  if (!exists(host, chpasswd)) return false;
  try {
    return !host.files.readLink(chpasswd).includes('busybox');
  } catch {
    // EINVAL: no link.
    return true;
  }
}

/** A line break would begin the line of another account, and no control character can be typed at a login. */
function checkPassword(password: string): void {
  const { length } = new TextEncoder().encode(password);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused.
  if (length < 1 || length > maxPasswordBytes || /[\u0000-\u001f\u007f]/.test(password))
    throw new OperationError('INVALID_ARGUMENT', 'password must have 1 to 255 bytes without control characters.');
}

function isHash(field: string): boolean {
  return field !== '' && !/^[*!x]/.test(field);
}

function readPasswd(host: Host): Account[] {
  return parsePasswd(host.files.readText('/etc/passwd', maxAccountBytes));
}

function describe(
  { name, uid, gid, home, shell }: Account,
  secrets: ReadonlyMap<string, string[]>,
): MessageInitShape<typeof UserAccountSchema> & Account {
  const [, field = '', changedDay] = secrets.get(name) ?? [];
  const isShadow = secrets.get(name)?.length === 9;
  const locked = field.startsWith('!');
  return {
    name,
    uid,
    gid,
    home,
    shell,
    locked,
    hasPassword: isHash(field.replace(/^!+/, '')),
    expired: isShadow && changedDay === '0',
  };
}
