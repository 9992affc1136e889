import type { MessageInitShape } from '@bufbuild/protobuf';
import type { GuestProcess } from '@innkeeper/contract/agent';
import { GuestProcessServiceLite, ProcessSort } from '@innkeeper/contract/agent-lite';
import type { ListProcessesRequest, ProcessInfoSchema } from '@innkeeper/contract/agent-message';
import { ListProcessesResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageListProcessesResponseTag } from '@innkeeper/contract/agent-message-tags';
import type { Allowance } from '../byte-budget.ts';
import { matchesFilter, pagedCall } from './paged-call.ts';
import type { AgentMessageCall } from './reply.ts';
import { timestampOf } from './timestamp.ts';

/**
 * list_processes to List: by pid, or with `max_entries` those first that use most CPU. `filter` is a part of the name,
 * the command line or the user. Threads are counted and not listed.
 */
export function listProcessesCall(
  { filter, maxEntries }: ListProcessesRequest,
  allowance: Allowance,
): AgentMessageCall {
  const sort = maxEntries === 0 ? ProcessSort.PID : ProcessSort.UNSPECIFIED;
  return pagedCall({
    method: GuestProcessServiceLite.list,
    request: (page) => ({ sort, kernelThreads: true, ...page }),
    itemsOf: (page) => page.processes,
    nextTokenOf: (page) => page.nextPageToken,
    tag: agentMessageListProcessesResponseTag,
    response: ListProcessesResponseLite,
    opening: { success: true },
    list: (processes) => ({ processes: processes.map(processInfo) }),
    isWanted: ({ name, command, user }) => matchesFilter(filter, name, command, user),
    maxEntries,
    allowance,
  });
}

/** What is not known is 0 or empty; the working directory is not asked. */
function processInfo(process: GuestProcess): MessageInitShape<typeof ProcessInfoSchema> {
  const { pid, parentPid: ppid, name, command: commandLine, uid, user, state } = process;
  return {
    pid,
    ppid,
    name,
    commandLine,
    user: user || String(uid),
    cpuPercent: process.cpuPercent ?? 0,
    memoryBytes: process.rssBytes,
    state,
    startedAt: timestampOf(process.startedUnixNs),
    threadCount: process.threads,
  };
}
