import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ListDirectoryRequest, ListDirectoryResponseSchema } from '@innkeeper/contract/agent';
import { DirectorySort } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { defaultPageSize, maxPageSize, maxPageTokenChars } from '@innkeeper/contract/limits';
import { AnswerRoom } from '../answer-room.ts';
import { AccountNames } from '../file/account-names.ts';
import { fileInfoOf } from '../file/file-info.ts';
import type { DirectoryHandle, FileStat, Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { yieldToLoop } from '../yield-to-loop.ts';
import { normalPath } from './normal-path.ts';
import { SortedPage } from './sorted-page.ts';

type FileInfoInit = ReturnType<typeof fileInfoOf>;

/** Maximum bytes of a FileInfo's numbers and tags. */
const infoBytes = 64;

/** The sort key of an entry, and its name to order equal keys. */
interface Key {
  readonly order: bigint;
  readonly name: string;
}

/**
 * One page of a directory, shorter than requested if the entries would not fit into an answer. Reads all entries each
 * time and holds one page of them, so memory does not grow with their number; an entry that is created or removed
 * meanwhile does not shift others between pages.
 * @throws OperationError INVALID_ARGUMENT, INVALID_PATH; HostError
 */
export async function listDirectory(
  host: Host,
  request: ListDirectoryRequest,
  signal: AbortSignal,
): Promise<MessageInitShape<typeof ListDirectoryResponseSchema>> {
  const path = normalPath(request.path);
  if (request.pageSize > maxPageSize)
    throw new OperationError('INVALID_ARGUMENT', `page_size must be at most ${maxPageSize}.`);
  const compare = request.descending ? (a: Key, b: Key) => compareKeys(b, a) : compareKeys;
  const after = request.pageToken === '' ? undefined : parseToken(request.pageToken);
  const page = new SortedPage<Key>(request.pageSize === 0 ? defaultPageSize : request.pageSize, compare);
  const folder = host.files.openDirectory(path, { noSymlinks: request.noSymlinks });
  try {
    let total = 0;
    for (let entries = folder.readEntries(); entries.length > 0; entries = folder.readEntries()) {
      for (const { name } of entries) {
        if (!request.hidden && name.startsWith('.')) continue;
        const key = keyOf(folder, name, request.sort);
        if (key === undefined) continue;
        total++;
        if (after === undefined || compare(key, after) > 0) page.offer(key);
      }
      await yieldToLoop(host, signal);
    }
    const names = new AccountNames(host);
    const { entries, last } = fitting(folder, path, page.items, names);
    const isWhole = last === page.items.at(-1) && !page.more;
    return {
      entries,
      nextPageToken: isWhole || last === undefined ? '' : JSON.stringify([String(last.order), last.name]),
      total: BigInt(total),
    };
  } finally {
    folder.close();
  }
}

/** Undefined for an entry that was removed meanwhile. */
function keyOf(folder: DirectoryHandle, name: string, sort: ListDirectoryRequest['sort']): Key | undefined {
  if (sort !== DirectorySort.SIZE && sort !== DirectorySort.MODIFIED) return { order: 0n, name };
  const stat = statOf(folder, name);
  if (stat === undefined) return undefined;
  return { order: sort === DirectorySort.SIZE ? BigInt(stat.sizeBytes) : stat.modifiedNs, name };
}

function compareKeys(a: Key, b: Key): number {
  if (a.order !== b.order) return a.order < b.order ? -1 : 1;
  return a.name === b.name ? 0 : a.name < b.name ? -1 : 1;
}

/** The entries of a page that fit into one answer, and the last one that was considered. */
function fitting(
  folder: DirectoryHandle,
  path: string,
  items: readonly Key[],
  names: AccountNames,
): { entries: FileInfoInit[]; last: Key | undefined } {
  const room = new AnswerRoom();
  const entries: FileInfoInit[] = [];
  let last: Key | undefined;
  for (const key of items) {
    for (const info of infoOf(folder, path, key.name, names)) {
      const { path: whole = '', symlinkTarget = '', user = '', group = '' } = info;
      if (!room.take([whole, symlinkTarget, user, group], infoBytes)) return { entries, last };
      entries.push(info);
    }
    last = key;
  }
  return { entries, last };
}

function infoOf(folder: DirectoryHandle, path: string, name: string, names: AccountNames): FileInfoInit[] {
  const stat = statOf(folder, name);
  if (stat === undefined) return [];
  const target = stat.type === 'symlink' ? folder.readLink(name) : '';
  return [fileInfoOf(`${path === '/' ? '' : path}/${name}`, stat, target, names)];
}

function statOf(folder: DirectoryHandle, name: string): FileStat | undefined {
  try {
    return folder.stat(name);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function parseToken(token: string): Key {
  try {
    const [order, name] = JSON.parse(token.slice(0, maxPageTokenChars)) as unknown[];
    if (typeof order === 'string' && typeof name === 'string' && /^-?\d{1,20}$/.test(order))
      return { order: BigInt(order), name };
  } catch {
    // SyntaxError: reported below.
  }
  throw new OperationError('INVALID_ARGUMENT', 'page_token is invalid: use the next_page_token of an earlier list.');
}
