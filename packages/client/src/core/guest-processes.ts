import { type ListProcessesResponse, ProcessSort } from '@innkeeper/contract/agent';
import type { AgentClients } from './agent-clients.ts';
import { type CallOptions, callOptions } from './services.ts';
import { signalNumber } from './signal-number.ts';

export interface ListProcessesOptions extends CallOptions {
  /** Default: by CPU, the busiest first. */
  readonly sort?: 'cpu' | 'memory' | 'pid' | 'name' | undefined;
  /** 1 to 1,000. Default: 200. */
  readonly limit?: number | undefined;
  /** Default: without them. */
  readonly kernelThreads?: boolean | undefined;
}

export interface SignalOptions extends CallOptions {
  /** "TERM", "SIGTERM" or 15. Default: TERM. */
  readonly name?: string | number | undefined;
  /** Its descendants too. */
  readonly tree?: boolean | undefined;
  /** Refuse (PROCESS_CHANGED) when the process began at another time. */
  readonly startedUnixNs?: bigint | undefined;
}

/** Processes of guests. `vm` is an id or a name. Fails with OperationError. */
export interface GuestProcesses {
  /** `total` counts those beyond `limit` too. CPU shares are of the time since the call before, or of 200 ms. */
  list(vm: string, options?: ListProcessesOptions): Promise<ListProcessesResponse>;
  /** Gives how many processes got the signal. Refuses PID 1, the agent and kernel threads (PROCESS_PROTECTED). */
  signal(vm: string, pid: number, options?: SignalOptions): Promise<number>;
}

const sorts = {
  cpu: ProcessSort.UNSPECIFIED,
  memory: ProcessSort.MEMORY,
  pid: ProcessSort.PID,
  name: ProcessSort.NAME,
} as const;

/** The same in Node and in browsers, over the agent's own services. */
export function createGuestProcesses(agent: (vm: string) => AgentClients): GuestProcesses {
  return {
    list: (vm, { signal, sort = 'cpu', limit = 0, kernelThreads = false } = {}) =>
      agent(vm).processes.list({ sort: sorts[sort], limit, kernelThreads }, callOptions({ signal })),
    signal: async (vm, pid, { signal, name = 'TERM', tree = false, startedUnixNs = 0n } = {}) => {
      const request = { pid, signal: signalNumber(name), tree, startedUnixNs };
      return (await agent(vm).processes.signal(request, callOptions({ signal }))).signaled;
    },
  };
}
