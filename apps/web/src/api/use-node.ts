import type { Node } from '@innkeeper/contract/control';
import { useQuery } from '@tanstack/react-query';
import { api } from './api.ts';

/** What the daemon is and found on its host; undefined until it answered. */
export function useNode(): Node | undefined {
  return useQuery({
    queryKey: ['node'],
    queryFn: ({ signal }) => api.node.getNode({}, { signal }),
    staleTime: 300_000,
  }).data;
}
