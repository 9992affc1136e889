import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { ListDirectoryRequest } from '@innkeeper/contract/agent-message';
import { ListDirectoryResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageListDirectoryResponseTag } from '@innkeeper/contract/agent-message-tags';
import type { Allowance } from '../byte-budget.ts';
import { directoryEntry } from './directory-entry.ts';
import { pagedCall } from './paged-call.ts';
import type { AgentMessageCall } from './reply.ts';

/** list_directory to List, by name. A folder that does not fit into one response goes on at its `continuation_token`. */
export function listDirectoryCall(request: ListDirectoryRequest, allowance: Allowance): AgentMessageCall {
  const { path, includeHidden: hidden, maxEntries, continuationToken } = request;
  return pagedCall({
    method: FileServiceLite.list,
    request: (page) => ({ path, hidden, ...page }),
    itemsOf: (page) => page.entries,
    nextTokenOf: (page) => page.nextPageToken,
    tag: agentMessageListDirectoryResponseTag,
    response: ListDirectoryResponseLite,
    opening: { success: true },
    list: (files) => ({ entries: files.map(directoryEntry) }),
    closing: ({ lastPage, nextToken }) => ({
      continuationToken: nextToken,
      totalEntries: Math.min(Number(lastPage.total), 0xffff_ffff),
    }),
    maxEntries,
    pageToken: continuationToken,
    canBeCut: true,
    allowance,
  });
}
