import { type ListProcessesResponse, ProcessSort } from '@innkeeper/contract/agent';
import type { AgentClients } from './agent-clients.ts';
import { type CallOptions, callOptions } from './services.ts';
import { signalNumber } from './signal-number.ts';

export interface ListProcessesOptions extends CallOptions {
  /** Default: by CPU usage, highest first. */
  readonly sort?: 'cpu' | 'memory' | 'pid' | 'name' | undefined;
  /** 1 to 1,000. Default: 200. */
  readonly pageSize?: number | undefined;
  /** `nextPageToken` of the previous answer. Default: the first page. */
  readonly pageToken?: string | undefined;
  /** Include kernel threads. Default: false. */
  readonly kernelThreads?: boolean | undefined;
}

export interface SignalOptions extends CallOptions {
  /** "TERM", "SIGTERM" or 15. Default: TERM. */
  readonly name?: string | number | undefined;
  /** Signal its descendants too. */
  readonly tree?: boolean | undefined;
  /** Fail with PROCESS_CHANGED if the process has another start time, that is, if the PID was reused. */
  readonly startedUnixNs?: bigint | undefined;
}

/** Processes in guests. `vm` is an id or a name. Rejects with OperationError. */
export interface GuestProcesses {
  /** `total` includes processes of other pages. CPU usage is measured since the previous call, or over 200 ms. */
  list(vm: string, options?: ListProcessesOptions): Promise<ListProcessesResponse>;
  /** Returns the number of signalled processes. Refuses PID 1, the agent and kernel threads (PROCESS_PROTECTED). */
  signal(vm: string, pid: number, options?: SignalOptions): Promise<number>;
}

const sorts = {
  cpu: ProcessSort.UNSPECIFIED,
  memory: ProcessSort.MEMORY,
  pid: ProcessSort.PID,
  name: ProcessSort.NAME,
} as const;

/** Implements GuestProcesses on the agent's services, for Node and browsers. */
export function createGuestProcesses(agent: (vm: string) => AgentClients): GuestProcesses {
  return {
    list: (vm, { signal, sort = 'cpu', pageSize = 0, pageToken = '', kernelThreads = false } = {}) =>
      agent(vm).processes.list({ sort: sorts[sort], pageSize, pageToken, kernelThreads }, callOptions({ signal })),
    signal: async (vm, pid, { signal, name = 'TERM', tree = false, startedUnixNs = 0n } = {}) => {
      const request = { pid, signal: signalNumber(name), tree, startedUnixNs };
      return (await agent(vm).processes.signal(request, callOptions({ signal }))).signaled;
    },
  };
}
