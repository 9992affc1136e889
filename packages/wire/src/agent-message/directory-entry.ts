import type { MessageInitShape } from '@bufbuild/protobuf';
import type { FileInfo } from '@innkeeper/contract/agent';
import { FileKind } from '@innkeeper/contract/agent-lite';
import type { DirectoryEntrySchema } from '@innkeeper/contract/agent-message';
import { timestampOf } from './timestamp.ts';

/** A file as DirectoryEntry. `created_at` stays absent: few file systems of guests have it. */
export function directoryEntry(info: FileInfo): MessageInitShape<typeof DirectoryEntrySchema> {
  const { path, kind, sizeBytes, mode, user, group, uid, gid, symlinkTarget } = info;
  return {
    name: path.slice(path.lastIndexOf('/') + 1) || '/',
    path,
    isDirectory: kind === FileKind.DIRECTORY,
    isSymlink: kind === FileKind.SYMLINK,
    sizeBytes,
    mode,
    modifiedAt: timestampOf(info.modifiedUnixNs),
    owner: user || String(uid),
    group: group || String(gid),
    symlinkTarget,
  };
}
