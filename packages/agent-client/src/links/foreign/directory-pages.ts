import type { FileInfo, ListDirectoryRequest } from '@innkeeper/contract/agent';
import { DirectorySort } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { defaultPageSize, maxPageSize } from '@innkeeper/contract/limits';

/** One page of a folder whose entries are all known, as FileService/List has it. A page token is the number of entries before it. */
export function directoryPage(
  all: readonly FileInfo[],
  { pageSize = 0, pageToken = '', sort, descending = false, hidden = false }: Partial<ListDirectoryRequest>,
): { entries: FileInfo[]; nextPageToken: string; total: bigint } {
  if (!/^\d{0,9}$/.test(pageToken))
    throw new OperationError('INVALID_ARGUMENT', 'The page token is not of this folder.');
  const nameOf = ({ path }: FileInfo): string => path.slice(path.lastIndexOf('/') + 1);
  const shown = all.filter((entry) => hidden || !nameOf(entry).startsWith('.'));
  const byName = (one: FileInfo, other: FileInfo): number => (nameOf(one) < nameOf(other) ? -1 : 1);
  const order = new Map<number, typeof byName>([
    [DirectorySort.SIZE, (one, other) => Number(one.sizeBytes - other.sizeBytes) || byName(one, other)],
    [DirectorySort.MODIFIED, (one, other) => Number(one.modifiedUnixNs - other.modifiedUnixNs) || byName(one, other)],
  ]);
  shown.sort(order.get(sort ?? DirectorySort.UNSPECIFIED) ?? byName);
  if (descending) shown.reverse();
  const from = Number(pageToken);
  const end = from + Math.min(pageSize === 0 ? defaultPageSize : pageSize, maxPageSize);
  return {
    entries: shown.slice(from, end),
    nextPageToken: end < shown.length ? String(end) : '',
    total: BigInt(shown.length),
  };
}
