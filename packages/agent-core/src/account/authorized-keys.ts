import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AccountKeysSchema, ChangeKeysRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { openOptions } from '../file/open-options.ts';
import type { DirectoryHandle, FileHandle, Host } from '../host.ts';
import { HostError, hasErrno } from '../host-error.ts';
import type { Account } from '../process/parse-accounts.ts';
import { withinChars } from './within-chars.ts';

const fileName = 'authorized_keys';
const temporary = '.authorized_keys.innkeeper';
const begin = '# innkeeper: managed keys, begin';
const end = '# innkeeper: managed keys, end';
const maxFileBytes = 256 * 1024;
const maxKeys = 128;
const maxChanges = 64;
const maxLineChars = 4096;
/** Of all lines of an answer, which fits into a frame. */
const maxAnswerChars = 20_000;
const syncTimeoutMs = 20_000;
const keyLine =
  /^(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-nistp\d{3}|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) ([A-Za-z0-9+/]{16,}={0,2})(?: [^\p{Cc}]*)?$/u;

/** The lines of a file of keys: those of the block, and the others before and after it. */
interface Keys {
  readonly managed: string[];
  readonly others: string[];
}

/** The keys of an account. */
export function listKeys(host: Host, account: Account): MessageInitShape<typeof AccountKeysSchema> {
  const folder = openSshFolder(host, account, false);
  if (folder === undefined) return answerOf({ managed: [], others: [] });
  try {
    return answerOf(readKeys(host, folder, account));
  } finally {
    folder.close();
  }
}

/**
 * Changes the block of keys. The user can put anything into the home directory at any time, so every step goes by
 * descriptors and follows no link, and what belongs to others is not read.
 */
export async function changeKeys(
  host: Host,
  account: Account,
  { add, remove }: Pick<ChangeKeysRequest, 'add' | 'remove'>,
): Promise<MessageInitShape<typeof AccountKeysSchema>> {
  if (add.length + remove.length > maxChanges) throw refused(`At most ${maxChanges} keys can be changed at once.`);
  for (const line of add)
    if (line.length > maxLineChars || !keyLine.test(line))
      throw refused('A key is one line as in a .pub file: type, key in base64, comment.');
  const folder = openSshFolder(host, account, add.length > 0);
  if (folder === undefined) return answerOf({ managed: [], others: [] });
  try {
    const { managed, others } = readKeys(host, folder, account);
    const gone = new Set([...remove, ...add.map(blobOf)]);
    const kept = [...managed.filter((line) => !gone.has(blobOf(line))), ...add];
    if (kept.length > maxKeys) throw refused(`A guest's account has at most ${maxKeys} keys of Innkeeper.`);
    const block = kept.length === 0 ? [] : [begin, ...kept, end];
    await writeKeys(host, folder, account, [...others, ...block, ''].join('\n'));
    return answerOf({ managed: kept, others });
  } finally {
    folder.close();
  }
}

/** Changes lines of the whole file, for callers that maintain it as a whole. */
export async function changeWholeFile(
  host: Host,
  account: Account,
  { add, remove, reset }: Pick<ChangeKeysRequest, 'add' | 'remove' | 'reset'>,
): Promise<MessageInitShape<typeof AccountKeysSchema>> {
  if (add.length + remove.length > maxChanges) throw refused(`At most ${maxChanges} keys can be changed at once.`);
  for (const line of [...add, ...remove])
    if (line.length > maxLineChars || !isLine(line))
      throw refused('A key is one line: options, if it has some, type, key in base64, comment.');
  const folder = openSshFolder(host, account, add.length > 0 || reset);
  if (folder === undefined) return answerOf({ managed: [], others: [] });
  try {
    const before = readKeys(host, folder, account);
    const isKept = (line: string): boolean => !isKey(line) || (!reset && !remove.includes(line.trim()));
    const managed = reset ? [] : before.managed.filter(isKept);
    const kept = before.others.filter(isKept);
    const known = new Set([...managed, ...kept].map((line) => line.trim()));
    const others = [...kept, ...[...new Set(add)].filter((line) => !known.has(line.trim()))];
    const block = managed.length === 0 ? [] : [begin, ...managed, end];
    await writeKeys(host, folder, account, [...others, ...block, ''].join('\n'));
    return answerOf({ managed, others });
  } finally {
    folder.close();
  }
}

/** `.ssh` of the account; undefined if there is none and `create` is false. */
function openSshFolder(host: Host, { home, uid, gid }: Account, create: boolean): DirectoryHandle | undefined {
  const folder = openHome(host, home, uid);
  try {
    try {
      return folder.openDirectory('.ssh');
    } catch (error) {
      // The kernel calls a link to a folder no folder.
      if (hasErrno(error, 'ENOTDIR') && folder.stat('.ssh').type === 'symlink')
        throw new HostError('ELOOP', 'open', '.ssh');
      if (!hasErrno(error, 'ENOENT')) throw error;
    }
    if (!create) return undefined;
    folder.makeDirectory('.ssh', 0o700);
    folder.setOwner('.ssh', uid, gid);
    return folder.openDirectory('.ssh');
  } finally {
    folder.close();
  }
}

/** A home behind links, as where /home is one, must be the user's own: another user may have placed them. */
function openHome(host: Host, home: string, uid: number): DirectoryHandle {
  try {
    return host.files.openDirectory(home, { noSymlinks: true });
  } catch (error) {
    if (!hasErrno(error, 'ELOOP')) throw error;
    const folder = host.files.openDirectory(home, { noSymlinks: false });
    if (folder.stat('.').uid === uid) return folder;
    folder.close();
    throw error;
  }
}

function readKeys(host: Host, folder: DirectoryHandle, { uid }: Account): Keys {
  const { files } = host;
  let file: FileHandle;
  try {
    file = folder.openFile(fileName, openOptions({ nonBlocking: true, noSymlinks: true }));
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return { managed: [], others: [] };
    throw error;
  }
  try {
    const stat = files.statHandle(file);
    // A file that another one owns may be a hard link to a secret, which must not become the user's.
    const isReadable = stat.uid === uid || (stat.uid === 0 && (stat.mode & 0o004) !== 0);
    if (stat.type !== 'regular' || !isReadable)
      throw new OperationError('FILE_PERMISSION', `${fileName} is not a file of the user.`);
    if (stat.sizeBytes > maxFileBytes) throw refused(`${fileName} is larger than ${maxFileBytes} bytes.`);
    const bytes = new Uint8Array(stat.sizeBytes);
    const text = new TextDecoder().decode(bytes.subarray(0, files.read(file, bytes, 0)));
    return parseKeys(text);
  } finally {
    file.close();
  }
}

function parseKeys(text: string): Keys {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const from = lines.indexOf(begin);
  const to = lines.indexOf(end, from);
  if (from < 0 || to < 0) return { managed: [], others: lines.filter((line) => line !== begin && line !== end) };
  const managed = lines.slice(from + 1, to).filter((line) => keyLine.test(line));
  // A marker that is left alone would make the next block begin too early, and swallow keys of others.
  const others = [...lines.slice(0, from), ...lines.slice(to + 1)].filter((line) => line !== begin && line !== end);
  return { managed, others };
}

async function writeKeys(host: Host, folder: DirectoryHandle, { uid, gid }: Account, text: string): Promise<void> {
  const { files } = host;
  try {
    folder.unlink(temporary);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
  const options = { access: 'write', create: true, exclusive: true, mode: 0o600, noSymlinks: true } as const;
  const file = folder.openFile(temporary, openOptions(options));
  try {
    files.chownHandle(file, uid, gid);
    files.chmodHandle(file, 0o600);
    files.write(file, new TextEncoder().encode(text), 0);
    await files.sync(file, syncTimeoutMs);
  } finally {
    file.close();
  }
  folder.rename(temporary, folder, fileName, true);
}

function answerOf({ managed, others }: Keys): MessageInitShape<typeof AccountKeysSchema> {
  const all = [
    ...managed.map((line) => ({ line, managed: true })),
    ...others.filter(isKey).map((line) => ({ line, managed: false })),
  ];
  const keys = withinChars(all.slice(0, maxKeys), maxAnswerChars, ({ line }) => line);
  return { keys, omitted: all.length - keys.length };
}

/** Nothing that would begin another line. */
function isLine(line: string): boolean {
  return /^[^\s#](?:\t|[^\p{Cc}])*$/u.test(line);
}

/** Not a comment, and not empty. */
function isKey(line: string): boolean {
  return /^\s*[^#\s]/.test(line);
}

function blobOf(line: string): string {
  return keyLine.exec(line)?.[1] ?? '';
}

function refused(message: string): OperationError {
  return new OperationError('INVALID_ARGUMENT', message);
}
