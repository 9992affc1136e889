import type { OpenWrite } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { isCallerId, maxIdChars } from '@innkeeper/contract/limits';
import type { FileStat, Host } from '../host.ts';
import { hasErrno } from '../host-error.ts';
import { resolveIdentity } from '../process/accounts.ts';
import { checkPath, splitPath } from './check-path.ts';

/** The target of an upload and its attributes. */
export interface UploadTarget {
  /** The file to replace: symbolic links are resolved, unless that was forbidden. */
  readonly path: string;
  readonly folder: string;
  readonly name: string;
  /** The existing file. */
  readonly existing: FileStat | undefined;
  /** Written in place: not a regular file, or the caller writes a part. */
  readonly inPlace: boolean;
  /** Not seekable: a terminal, a FIFO; or a setting of the kernel. */
  readonly isStream: boolean;
  /** A file of /proc or /sys. */
  readonly isOfKernel: boolean;
  readonly mode: number;
  /** undefined: the kernel's default. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
}

const maxLinks = 40;

/** The fields of an open that determine the target. */
export type TargetRequest = Pick<OpenWrite, 'path' | 'uploadId' | 'noSymlinks'> & Partial<Omit<OpenWrite, '$typeName'>>;

/**
 * @throws OperationError INVALID_PATH, INVALID_ARGUMENT, FILE_EXISTS, FILE_IS_DIRECTORY, FILE_SYMLINK_REFUSED,
 * USER_NOT_FOUND, GROUP_NOT_FOUND
 */
export async function resolveTarget(host: Host, open: TargetRequest): Promise<UploadTarget> {
  const partial = open.inPlaceOffset !== undefined || open.append === true;
  if (partial && open.uploadId !== '')
    throw new OperationError('INVALID_ARGUMENT', 'upload_id is for whole files, not with in_place_offset or append.');
  if (open.uploadId !== '' && !isCallerId(open.uploadId))
    throw new OperationError(
      'INVALID_ARGUMENT',
      `upload_id must be 1 to ${maxIdChars} characters of A-Z, a-z, 0-9, "_" and "-".`,
    );
  if ((open.mode ?? 0) > 0o7777)
    throw new OperationError('INVALID_ARGUMENT', 'mode must only have permission bits (at most 07777).');
  if ((open.inPlaceOffset ?? 0n) > BigInt(Number.MAX_SAFE_INTEGER))
    throw new OperationError('INVALID_ARGUMENT', 'in_place_offset must be at most 2^53 - 1.');
  const asked = checkPath(open.path);
  if (open.noSymlinks) refuseLinks(host, asked);
  const path = followLinks(host, asked);
  if (open.createParents) makeParents(host, splitPath(path).folder);
  const existing = statOf(host, path);
  if (existing !== undefined && open.mustNotExist) throw new OperationError('FILE_EXISTS', `${path} already exists.`);
  if (existing?.type === 'directory') throw new OperationError('FILE_IS_DIRECTORY', `${path} is a directory.`);
  const { folder, name } = splitPath(path);
  if (name === '') throw new OperationError('FILE_IS_DIRECTORY', `${path} is a directory.`);
  const type = existing?.type ?? 'regular';
  const isOfKernel = existing?.type === 'regular' && isKernelFile(host, existing, folder);
  return {
    path,
    folder,
    name,
    existing,
    isStream: isOfKernel || (type !== 'regular' && type !== 'block'),
    isOfKernel,
    inPlace: partial || isOfKernel || (existing !== undefined && existing.type !== 'regular'),
    mode: open.mode ?? existing?.mode ?? 0o644,
    owner: await ownerOf(host, open, existing),
  };
}

/** A file without blocks, in a file system without size. */
function isKernelFile(host: Host, { allocatedBytes }: FileStat, folder: string): boolean {
  return allocatedBytes === 0 && host.files.statVfs(folder).totalBytes === 0;
}

/** Checks every existing component: directories are created and the partial file is renamed along the same path. */
function refuseLinks(host: Host, path: string): void {
  const parts = path.split('/').filter((part) => part !== '');
  for (let count = 1; count <= parts.length; count++) {
    const part = `/${parts.slice(0, count).join('/')}`;
    const stat = statOf(host, part);
    if (stat === undefined) return;
    if (stat.type === 'symlink') throw new OperationError('FILE_SYMLINK_REFUSED', `${part} is a symbolic link.`);
  }
}

/** Links are resolved here, so that the file they point to is replaced and not the link. */
function followLinks(host: Host, path: string): string {
  let current = path;
  for (let count = 0; count < maxLinks; count++) {
    if (statOf(host, current)?.type !== 'symlink') return current;
    const target = host.files.readLink(current);
    current = target.startsWith('/') ? target : `${splitPath(current).folder}/${target}`;
  }
  throw new OperationError('FILE_SYMLINK_REFUSED', `${path} leads through more than ${maxLinks} symbolic links.`);
}

function statOf(host: Host, path: string): FileStat | undefined {
  try {
    return host.files.stat(path, false);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function makeParents(host: Host, folder: string): void {
  const parts = folder.split('/').filter((part) => part !== '');
  for (let count = 1; count <= parts.length; count++) {
    try {
      host.files.makeDirectory(`/${parts.slice(0, count).join('/')}`, 0o755);
    } catch (error) {
      if (!hasErrno(error, 'EEXIST')) throw error;
    }
  }
}

async function ownerOf(
  host: Host,
  open: TargetRequest,
  existing: FileStat | undefined,
): Promise<UploadTarget['owner']> {
  if (open.user === undefined && open.group === undefined)
    return existing === undefined ? undefined : { uid: existing.uid, gid: existing.gid };
  const { uid, gid } = await resolveIdentity(host, {
    user: open.user ?? '',
    group: open.group ?? '',
    noSupplementaryGroups: true,
  });
  return { uid: open.user === undefined ? (existing?.uid ?? uid) : uid, gid };
}
