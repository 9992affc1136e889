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

export interface FoundRuns {
  /** Undefined until the first answer. */
  readonly runs: readonly Run[] | undefined;
  readonly error: Error | null;
  readonly refetch: () => void;
  readonly hasMore: boolean;
  readonly isFetching: boolean;
  readonly fetchMore: () => void;
}

const pageSize = 50;
/** While one of them runs, and else. */
const pollMs = { running: 2000, idle: 10_000 };

/** Runs, newest first, asked for again while the page is looked at. */
export function useRuns(search: RunSearch): FoundRuns {
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
    // A start that led away from here is in the list on return.
    refetchOnMount: 'always',
  });
  return {
    ...{ runs: data?.pages.flatMap(({ runs }) => runs), error, refetch: () => void refetch() },
    ...{ hasMore: hasNextPage, isFetching, fetchMore: () => void fetchNextPage() },
  };
}
