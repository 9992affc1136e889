import type { OperationError } from '@innkeeper/contract';
import type { Run } from '@innkeeper/contract/control';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { api } from '../../../api/api.ts';
import { isOver } from '../target-outcome.ts';
import { RunFeed } from './run-feed.ts';

export interface FollowedRun {
  readonly run: Run | undefined;
  readonly feed: RunFeed;
  /** Changes with each chunk of output. */
  readonly version: number;
  /** Why the output cannot be shown. */
  readonly outputError: OperationError | undefined;
  /** Why the run cannot be shown. */
  readonly error: Error | null;
  readonly refetch: () => void;
}

const pollMs = 3000;

/** A run with its output, live. For users without access to the output, the run's state is polled every 3 s. */
export function useRun(id: string): FollowedRun {
  const [feed] = useState(() => new RunFeed(id));
  useEffect(() => feed.open(), [feed]);
  const version = useSyncExternalStore(feed.subscribe, () => feed.version);
  const { data, error, refetch } = useQuery({
    queryKey: ['run', id],
    queryFn: ({ signal }) => api.runs.getRun({ id }, { signal }),
    enabled: feed.error !== undefined,
    refetchInterval: ({ state }) => (state.data === undefined || isOver(state.data.state) ? false : pollMs),
  });
  return {
    run: feed.error === undefined ? (feed.run ?? data) : (data ?? feed.run),
    feed,
    version,
    outputError: feed.error,
    error,
    refetch: () => void refetch(),
  };
}
