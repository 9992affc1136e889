import type { MessageInitShape } from '@bufbuild/protobuf';
import type { FileInfoSchema, FileKind } from '@innkeeper/contract/agent';
import type { FileStat, FileType, Host } from '../host.ts';
import { parseGroups, parsePasswd } from '../process/parse-accounts.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';

/** FILE_KIND_* of file.proto. */
const kinds: Record<FileType, FileKind> = {
  unknown: 0,
  regular: 1,
  directory: 2,
  symlink: 3,
  character: 4,
  block: 5,
  fifo: 6,
  socket: 7,
};
const maxAccountBytes = 1024 * 1024;

/** What stat says, with names where the guest's own files have them. */
export function fileInfo(host: Host, path: string, stat: FileStat): MessageInitShape<typeof FileInfoSchema> {
  const passwd = parsePasswd(readTrimmed(host, '/etc/passwd', maxAccountBytes) ?? '');
  const groups = parseGroups(readTrimmed(host, '/etc/group', maxAccountBytes) ?? '');
  return {
    path,
    kind: kinds[stat.type],
    sizeBytes: BigInt(stat.sizeBytes),
    mode: stat.mode,
    uid: stat.uid,
    gid: stat.gid,
    user: passwd.find((account) => account.uid === stat.uid)?.name ?? '',
    group: groups.find((group) => group.gid === stat.gid)?.name ?? '',
    modifiedUnixNs: stat.modifiedNs,
    symlinkTarget: stat.type === 'symlink' ? host.files.readLink(path) : '',
  };
}
