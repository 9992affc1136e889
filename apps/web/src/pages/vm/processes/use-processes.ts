import { type GuestProcess, ProcessSort } from '@innkeeper/contract/agent';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { guest } from '../../../api/guest.ts';
import type { ProcessOrder } from './process-view.ts';

const refreshMs = 5000;
const pageSize = 1000;

const sorts = {
  cpu: ProcessSort.UNSPECIFIED,
  memory: ProcessSort.MEMORY,
  pid: ProcessSort.PID,
  name: ProcessSort.NAME,
} as const;

export interface Processes {
  /** At most 1,000; undefined until the guest has responded. */
  readonly processes: readonly GuestProcess[] | undefined;
  readonly total: number;
  readonly error: Error | null;
  readonly refetch: () => Promise<unknown>;
}

/** The guest's processes, refreshed every 5 s while the page is visible and not paused. */
export function useProcesses(
  vm: string,
  { key, reversed }: ProcessOrder,
  { kernelThreads, paused, enabled }: Readonly<Record<'kernelThreads' | 'paused' | 'enabled', boolean>>,
): Processes {
  const { data, error, refetch } = useQuery({
    queryKey: ['processes', vm, key, kernelThreads],
    queryFn: ({ signal }) => guest.agent(vm).processes.list({ pageSize, sort: sorts[key], kernelThreads }, { signal }),
    refetchInterval: paused ? false : refreshMs,
    placeholderData: keepPreviousData,
    structuralSharing: false,
    enabled,
  });
  const processes = data === undefined || !reversed ? data?.processes : data.processes.toReversed();
  return { processes, total: data?.total ?? 0, error, refetch };
}
