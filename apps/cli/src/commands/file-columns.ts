import { formatFileMode } from '@innkeeper/contract';
import type { FileInfo } from '@innkeeper/contract/agent';
import { FileKind } from '@innkeeper/contract/agent-lite';
import { formatBytes, formatTime } from '../output/format.ts';
import type { Column } from '../output/table.ts';

/** The last part of a file's path; "/" for the root. */
export function nameOfFile({ path }: FileInfo): string {
  return path.slice(path.lastIndexOf('/') + 1) || '/';
}

/** Columns for lists of guest files. */
export const fileColumns: readonly Column<FileInfo>[] = [
  { title: 'MODE', value: ({ kind, mode }) => formatFileMode(kind, mode) },
  { title: 'OWNER', value: ({ user, uid }) => user || `${uid}`, wide: true },
  { title: 'GROUP', value: ({ group, gid }) => group || `${gid}`, wide: true },
  {
    title: 'SIZE',
    value: ({ kind, sizeBytes }) => (kind === FileKind.REGULAR ? formatBytes(sizeBytes) : ''),
    align: 'right',
  },
  { title: 'MODIFIED', value: ({ modifiedUnixNs }) => formatTime(modifiedUnixNs) },
  {
    title: 'NAME',
    value: (file) => {
      const name = nameOfFile(file);
      if (file.kind === FileKind.DIRECTORY && name !== '/') return `${name}/`;
      return file.kind === FileKind.SYMLINK ? `${name} -> ${file.symlinkTarget}` : name;
    },
  },
];
