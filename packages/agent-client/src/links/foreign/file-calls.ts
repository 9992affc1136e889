import type {
  FileInfo,
  ListDirectoryRequest,
  MakeDirectoryRequest,
  RemoveFileRequest,
  RenameFileRequest,
  SetFileModeRequest,
  SetFileOwnerRequest,
  StatFileRequest,
} from '@innkeeper/contract/agent';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { directoryPage } from './directory-pages.ts';
import { checkGuestPath, commandFailed, type RunInGuest, refuseRoot, succeed } from './file-commands.ts';
import type { ForeignCall } from './foreign-agent.ts';
import { lacks } from './refusals.ts';
import { listArgv, parseList, parseStat, statArgv } from './stat-line.ts';

type Serve<Request> = (run: RunInGuest, request: Request, signal: AbortSignal) => Promise<object>;

/** Methods of FileService by programs that every guest has, for dialects that have commands and no words for files. */
export function fileCalls(run: () => RunInGuest | undefined): Map<string, ForeignCall> {
  const serve = <Request>(name: string, work: Serve<Request>): readonly [string, ForeignCall] => [
    name,
    async (request: Request & { readonly noSymlinks?: boolean }, signal) => {
      const able = run();
      if (able === undefined) throw lacks('Without commands, this agent cannot look at files', 'exec');
      if (request.noSymlinks === true) throw lacks('This agent cannot refuse symbolic links in a path', 'file.openat2');
      return await work(able, request, signal);
    },
  ];
  return new Map([
    serve(FileServiceLite.stat.name, (run, { path, follow }: StatFileRequest, signal) =>
      stat(run, path, follow, signal),
    ),
    serve(FileServiceLite.list.name, list),
    serve(FileServiceLite.makeDirectory.name, makeDirectory),
    serve(FileServiceLite.rename.name, rename),
    serve(FileServiceLite.remove.name, remove),
    serve(FileServiceLite.setMode.name, async (run, { path, mode, recursive }: SetFileModeRequest, signal) => {
      checkGuestPath(path);
      await succeed(run, ['chmod', ...(recursive ? ['-R'] : []), mode.toString(8), '--', path], signal);
      return { changed: 1n };
    }),
    serve(FileServiceLite.setOwner.name, async (run, { path, recursive, ...owner }: SetFileOwnerRequest, signal) => {
      checkGuestPath(path);
      const word = `${owner.user ?? ''}${owner.group === undefined ? '' : `:${owner.group}`}`;
      await succeed(run, ['chown', ...(recursive ? ['-R'] : []), word, '--', path], signal);
      return { changed: 1n };
    }),
  ]);
}

async function stat(run: RunInGuest, path: string, follow: boolean, signal: AbortSignal): Promise<FileInfo> {
  checkGuestPath(path);
  const argv = statArgv([path], follow);
  const { status, stdout, stderr } = await run(argv, signal);
  if (status.case !== 'exitCode' || status.value !== 0) throw commandFailed(argv, stderr);
  return parseStat(Buffer.from(stdout).toString(), path);
}

async function list(run: RunInGuest, request: ListDirectoryRequest, signal: AbortSignal): Promise<object> {
  const { path } = request;
  checkGuestPath(path);
  const argv = listArgv(path);
  const { status, stdout, stderr, truncated } = await run(argv, signal);
  if (status.case !== 'exitCode' || status.value !== 0) throw commandFailed(argv, stderr);
  if (truncated) throw lacks(`${path} has more entries than this agent can return`, 'file.read');
  return directoryPage(parseList(Buffer.from(stdout).toString(), path), request);
}

async function makeDirectory(run: RunInGuest, request: MakeDirectoryRequest, signal: AbortSignal): Promise<FileInfo> {
  const { path, parents, mode = 0o755 } = request;
  checkGuestPath(path);
  await succeed(run, ['mkdir', ...(parents ? ['-p'] : []), '-m', mode.toString(8), '--', path], signal);
  const owner = `${request.user ?? ''}${request.group === undefined ? '' : `:${request.group}`}`;
  if (owner !== '') await succeed(run, ['chown', owner, '--', path], signal);
  return await stat(run, path, false, signal);
}

async function rename(
  run: RunInGuest,
  { from, to, replace }: RenameFileRequest,
  signal: AbortSignal,
): Promise<FileInfo> {
  checkGuestPath(from);
  checkGuestPath(to);
  const refusal = replace ? '' : '[ ! -e "$1" ] && [ ! -L "$1" ] || { echo "File exists" >&2; exit 1; }; ';
  // A target that is a folder would take the source into it.
  const folder = '[ ! -d "$1" ] || { echo "Is a directory" >&2; exit 1; }; ';
  await succeed(run, ['sh', '-c', `${refusal}${folder}exec mv -f -- "$0" "$1"`, from, to], signal);
  return await stat(run, to, false, signal);
}

async function remove(run: RunInGuest, request: RemoveFileRequest, signal: AbortSignal): Promise<object> {
  const { path, recursive, ignoreMissing } = request;
  checkGuestPath(path);
  refuseRoot(path);
  const one = '[ -d "$0" ] && [ ! -L "$0" ] && exec rmdir -- "$0"; exec rm -- "$0"';
  const missing = ignoreMissing ? '[ -e "$0" ] || [ -L "$0" ] || exit 0; ' : '';
  await succeed(run, ['sh', '-c', `${missing}${recursive ? 'exec rm -r -- "$0"' : one}`, path], signal);
  return { removed: 1n };
}
