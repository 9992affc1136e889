import { create } from '@bufbuild/protobuf';
import {
  type FileInfo,
  FileInfoSchema,
  FileKind,
  type ListDirectoryRequest,
  type MakeDirectoryRequest,
  type RemoveFileRequest,
  type StatFileRequest,
} from '@innkeeper/contract/agent';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { DirectoryEntry } from '@innkeeper/contract/agent-message';
import { OperationError } from '@innkeeper/contract/errors';
import { cleanText, kib } from '@innkeeper/kit';
import { misbehaves } from '../../guest-claims.ts';
import { directoryPage } from '../foreign/directory-pages.ts';
import { checkGuestPath, failureMeaning, refuseRoot } from '../foreign/file-commands.ts';
import type { ForeignCall, ForeignReading, ForeignReadRequest, ForeignWriteRequest } from '../foreign/foreign-agent.ts';
import { lacks } from '../foreign/refusals.ts';
import type { MessageSession } from './message-session.ts';

/** Bytes of one chunk: what every agent of this dialect takes. */
const chunkBytes = 64 * kib;
const timeoutMs = 60_000;
/** Entries of one page of the dialect, and of a folder that is listed at most. */
const pageEntries = 1000;
const maxListed = 20_000;
/** Symbolic links on the way to a file, as in Linux. */
const maxLinks = 40;

type Session = () => MessageSession;

/** Methods of FileService that the dialect has a message for. */
export function messageFileCalls(session: Session): Map<string, ForeignCall> {
  return new Map<string, ForeignCall>([
    [
      FileServiceLite.stat.name,
      async ({ path, follow, noSymlinks }: StatFileRequest, signal) => {
        refuseNoSymlinks(noSymlinks);
        return await (follow ? statTarget : stat)(session(), path, signal);
      },
    ],
    [FileServiceLite.list.name, (request: ListDirectoryRequest, signal) => list(session(), request, signal)],
    [
      FileServiceLite.makeDirectory.name,
      async ({ path, parents, mode, user, group, noSymlinks }: MakeDirectoryRequest, signal) => {
        checkGuestPath(path);
        refuseNoSymlinks(noSymlinks);
        if (user !== undefined || group !== undefined)
          throw lacks('AgentMessage has no owner for folders', 'file.write');
        const value = { path, createParents: parents, mode: mode ?? 0o755 };
        succeeded(
          await session().ask({ case: 'createDirectory', value }, 'createDirectoryResponse', signal, timeoutMs),
        );
        return await stat(session(), path, signal);
      },
    ],
    [
      FileServiceLite.remove.name,
      async ({ path, recursive, ignoreMissing, noSymlinks }: RemoveFileRequest, signal) => {
        checkGuestPath(path);
        refuseRoot(path);
        refuseNoSymlinks(noSymlinks);
        const value = { path, recursive };
        try {
          succeeded(await session().ask({ case: 'fileDelete', value }, 'fileDeleteResponse', signal, timeoutMs));
        } catch (error) {
          if (!(ignoreMissing && error instanceof OperationError && error.reason === 'FILE_NOT_FOUND')) throw error;
        }
        return { removed: 1n };
      },
    ],
  ]);
}

async function stat(session: MessageSession, path: string, signal: AbortSignal): Promise<FileInfo> {
  checkGuestPath(path);
  const answer = await session.ask({ case: 'fileStat', value: { path } }, 'fileStatResponse', signal, timeoutMs);
  succeeded(answer);
  if (answer.entry === undefined) throw misbehaves('The answer to file_stat has no entry.');
  return infoOf(answer.entry, path);
}

/** The dialect looks at a link itself, and says where it leads. */
async function statTarget(session: MessageSession, path: string, signal: AbortSignal): Promise<FileInfo> {
  let at = path;
  for (let links = 0; links < maxLinks; links++) {
    const info = await stat(session, at, signal);
    if (info.kind !== FileKind.SYMLINK) return { ...info, path };
    const { symlinkTarget } = info;
    // What is above a folder that is itself a link is not known here.
    if (symlinkTarget === '' || symlinkTarget.split('/').includes('..'))
      throw lacks(`AgentMessage cannot follow the symbolic link ${at}`, 'file.read');
    at = symlinkTarget.startsWith('/') ? symlinkTarget : `${at.slice(0, at.lastIndexOf('/'))}/${symlinkTarget}`;
  }
  throw new OperationError('GUEST_IO', `${path} leads through more than ${maxLinks} symbolic links.`);
}

/** The whole folder, since the dialect's own pages have no order. */
async function list(session: MessageSession, request: ListDirectoryRequest, signal: AbortSignal): Promise<object> {
  const { path } = request;
  checkGuestPath(path);
  refuseNoSymlinks(request.noSymlinks);
  const entries: FileInfo[] = [];
  for (let continuationToken = ''; ; ) {
    const value = { path, includeHidden: true, maxEntries: pageEntries, continuationToken };
    const page = await session.ask({ case: 'listDirectory', value }, 'listDirectoryResponse', signal, timeoutMs);
    succeeded(page);
    const start = path.endsWith('/') ? path : `${path}/`;
    entries.push(...page.entries.map((entry) => infoOf(entry, `${start}${entry.name}`)));
    if (entries.length > maxListed)
      throw lacks(
        `${path} has more than ${maxListed} entries, which is more than AgentMessage lists here`,
        'file.read',
      );
    if (page.continuationToken === '' || page.entries.length === 0) return directoryPage(entries, request);
    continuationToken = page.continuationToken;
  }
}

function infoOf(entry: DirectoryEntry, path: string): FileInfo {
  const { seconds = 0n, nanos = 0 } = entry.modifiedAt ?? {};
  const kind = entry.isSymlink ? FileKind.SYMLINK : entry.isDirectory ? FileKind.DIRECTORY : FileKind.REGULAR;
  return create(FileInfoSchema, {
    path,
    kind,
    sizeBytes: entry.sizeBytes,
    mode: entry.mode & 0o7777,
    user: entry.owner.slice(0, 256),
    group: entry.group.slice(0, 256),
    modifiedUnixNs: BigInt.asIntN(64, seconds * 1_000_000_000n + BigInt(nanos)),
    symlinkTarget: entry.symlinkTarget.slice(0, 4096),
  });
}

/** Reads a file in chunks. */
export async function readByMessages(
  session: Session,
  { path = '', offset = 0n, length = 0n }: ForeignReadRequest,
  signal: AbortSignal,
): Promise<ForeignReading> {
  const info = await stat(session(), path, signal);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    const end = length === 0n ? undefined : offset + length;
    for (let at = offset; end === undefined || at < end; ) {
      const left = end === undefined ? BigInt(chunkBytes) : end - at;
      const count = left < BigInt(chunkBytes) ? Number(left) : chunkBytes;
      const value = { path, offset: at, length: BigInt(count), chunkSize: count };
      const answer = await session().ask({ case: 'fileRead', value }, 'fileReadResponse', signal, timeoutMs);
      succeeded(answer);
      if (answer.data.length > count) throw misbehaves(`A chunk of ${count} bytes has ${answer.data.length}.`);
      at += BigInt(answer.data.length);
      if (answer.data.length > 0) yield answer.data;
      if (answer.eof || answer.data.length === 0) return;
    }
  }
  return { info, pieces: pieces() };
}

/** Writes a file in chunks, in place: the dialect has no word for a rename. */
export async function writeByMessages(
  session: Session,
  open: ForeignWriteRequest,
  source: AsyncIterable<Uint8Array>,
  verify: () => void,
  signal: AbortSignal,
): Promise<bigint> {
  const { path = '', mode, createParents = false } = open;
  checkGuestPath(path);
  if (open.user !== undefined || open.group !== undefined)
    throw lacks('AgentMessage has no owner for files', 'file.write');
  if (open.mustNotExist === true) throw lacks('AgentMessage cannot refuse to replace a file', 'file.write');
  if (open.modifiedUnixNs !== undefined) throw lacks('AgentMessage has no time for files', 'file.write');
  let offset = 0n;
  let number = 0;
  const send = async (data: Uint8Array, eof: boolean): Promise<void> => {
    const value = { path, data, offset, append: false, eof, mode: mode ?? 0, createParents, chunkNumber: number++ };
    const answer = await session().ask({ case: 'fileWrite', value }, 'fileWriteResponse', signal, timeoutMs);
    succeeded(answer);
    offset += BigInt(data.length);
  };
  // One chunk late, since the last one says that it is the last.
  let before: Uint8Array = new Uint8Array(0);
  for await (const piece of source)
    for (let at = 0; at < piece.length; at += chunkBytes) {
      if (before.length > 0) await send(before, false);
      before = piece.slice(at, at + chunkBytes);
    }
  verify();
  await send(before, true);
  return offset;
}

function refuseNoSymlinks(noSymlinks: boolean): void {
  if (noSymlinks) throw lacks('AgentMessage cannot refuse symbolic links in a path', 'file.openat2');
}

function succeeded({ success, error }: { readonly success: boolean; readonly error: string }): void {
  if (!success) throw new OperationError(failureMeaning(error) ?? 'GUEST_IO', cleanText(error, 400));
}
