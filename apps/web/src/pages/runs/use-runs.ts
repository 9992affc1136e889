import type { Run } from '@innkeeper/contract/control';
import { useInfiniteQuery } from '@tanstack/react-query';
import { api } from '../../api/api.ts';
import { isOver } from './target-outcome.ts';

export interface RunSearch {
  /** Id or name; empty: any. */
  readonly vm: string;
  readonly user: string;
  readonly text: string;
}

export interface RunsQuery {
  /** Undefined until the first response. */
  readonly runs: readonly Run[] | undefined;
  readonly error: Error | null;
  readonly refetch: () => void;
  readonly hasMore: boolean;
  readonly isFetching: boolean;
  readonly fetchMore: () => void;
}

const pageSize = 50;
/** Poll interval in milliseconds: while a run is running, and otherwise. */
const pollMs = { running: 2000, idle: 10_000 };

/** Runs, newest first, polled while the page is visible. */
export function useRuns(search: RunSearch): RunsQuery {
  const { data, error, refetch, hasNextPage, isFetching, fetchNextPage } = useInfiniteQuery({
    queryKey: ['runs', search],
    queryFn: ({ pageParam, signal }) =>
      api.runs.listRuns({ ...search, limit: pageSize, beforeUnixNs: pageParam }, { signal }),
    initialPageParam: 0n,
    getNextPageParam: ({ more, runs }) => (more ? runs.at(-1)?.startedUnixNs : undefined),
    placeholderData: (before) => before,
    refetchInterval: ({ state }) => {
      const pages = state.data?.pages ?? [];
      return pages.some(({ runs }) => runs.some((run) => !isOver(run.state))) ? pollMs.running : pollMs.idle;
    },
    // So that a run started meanwhile is listed on return.
    refetchOnMount: 'always',
  });
  return {
    runs: data?.pages.flatMap(({ runs }) => runs),
    error,
    refetch: () => void refetch(),
    hasMore: hasNextPage,
    isFetching,
    fetchMore: () => void fetchNextPage(),
  };
}
