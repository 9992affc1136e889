import type { MessageInitShape } from '@bufbuild/protobuf';
import type { FileInfoSchema } from '@innkeeper/contract/agent';
import { FileKind } from '@innkeeper/contract/agent-lite';
import type { FileStat, FileType, Host } from '../host.ts';
import { AccountNames } from './account-names.ts';

const kinds: Record<FileType, FileKind> = {
  unknown: FileKind.UNSPECIFIED,
  regular: FileKind.REGULAR,
  directory: FileKind.DIRECTORY,
  symlink: FileKind.SYMLINK,
  character: FileKind.CHARACTER_DEVICE,
  block: FileKind.BLOCK_DEVICE,
  fifo: FileKind.FIFO,
  socket: FileKind.SOCKET,
};

/** The result of stat, with user and group names from the guest's account files. */
export function fileInfo(host: Host, path: string, stat: FileStat): MessageInitShape<typeof FileInfoSchema> {
  const target = stat.type === 'symlink' ? host.files.readLink(path) : '';
  return fileInfoOf(path, stat, target, new AccountNames(host));
}

/** The same for an existing stat result. */
export function fileInfoOf(
  path: string,
  stat: FileStat,
  symlinkTarget: string,
  names: AccountNames,
): MessageInitShape<typeof FileInfoSchema> {
  return {
    path,
    kind: kinds[stat.type],
    sizeBytes: BigInt(stat.sizeBytes),
    mode: stat.mode,
    uid: stat.uid,
    gid: stat.gid,
    user: names.user(stat.uid),
    group: names.group(stat.gid),
    modifiedUnixNs: stat.modifiedNs,
    symlinkTarget,
    ...(stat.type === 'regular' ? { allocatedBytes: BigInt(stat.allocatedBytes) } : {}),
  };
}
