import { DirectorySort, type FileInfo } from '@innkeeper/contract/agent';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { guest } from '../../../api/guest.ts';
import type { FileOrder } from './file-order.ts';

const pageSize = 200;

const sorts = {
  name: DirectorySort.UNSPECIFIED,
  size: DirectorySort.SIZE,
  modified: DirectorySort.MODIFIED,
} as const;

export interface Directory {
  /** Entries of the loaded pages; undefined until the first one. */
  readonly entries: readonly FileInfo[] | undefined;
  readonly total: number;
  readonly error: Error | null;
  readonly loading: boolean;
  /** Undefined if all pages are loaded. */
  readonly loadMore: (() => void) | undefined;
  /** Resolves when the entries are new; it never rejects. */
  readonly refetch: () => Promise<unknown>;
}

/** The entries of a folder in the guest, page by page. */
export function useDirectory(
  vm: string,
  path: string,
  { key, descending, hidden }: FileOrder,
  enabled: boolean,
): Directory {
  const { data, error, isFetching, hasNextPage, fetchNextPage, refetch } = useInfiniteQuery({
    queryKey: ['files', vm, path, key, descending, hidden],
    queryFn: ({ pageParam, signal }) => {
      const request = { path, pageSize, pageToken: pageParam, sort: sorts[key], descending, hidden };
      return guest.agent(vm).files.list(request, { signal });
    },
    initialPageParam: '',
    getNextPageParam: ({ nextPageToken }) => (nextPageToken === '' ? undefined : nextPageToken),
    structuralSharing: false,
    enabled,
    // The guest's errors do not go away with a retry.
    retry: false,
  });
  const entries = useMemo(() => data?.pages.flatMap((page) => page.entries), [data]);
  return {
    entries,
    total: Number(data?.pages.at(-1)?.total ?? 0n),
    error,
    loading: isFetching,
    loadMore: hasNextPage ? () => void fetchNextPage() : undefined,
    refetch,
  };
}
