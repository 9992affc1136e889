import type { Terminal } from '@innkeeper/contract/control';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { guest } from '../../../api/guest.ts';

/** Refresh interval, since other windows open terminals too. */
const refreshMs = 4000;

export interface TerminalsOfVm {
  /** Oldest first; undefined until the control plane has responded. */
  readonly terminals: readonly Terminal[] | undefined;
  readonly error: Error | null;
  readonly refetch: () => Promise<unknown>;
  /** Adds a new terminal to the list before the next refresh. */
  readonly add: (terminal: Terminal) => void;
}

/** The terminals of a VM that the user may open. */
export function useTerminals(vm: string): TerminalsOfVm {
  const client = useQueryClient();
  const queryKey = ['terminals', vm];
  const { data, error, refetch } = useQuery({
    queryKey,
    queryFn: ({ signal }) => guest.terminals.list(vm, { signal }),
    refetchInterval: refreshMs,
  });
  return {
    terminals: data,
    error,
    refetch,
    add: (terminal) =>
      client.setQueryData<Terminal[]>(queryKey, (before = []) => [
        ...before.filter(({ id }) => id !== terminal.id),
        terminal,
      ]),
  };
}
