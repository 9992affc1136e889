import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { FileStatRequest } from '@innkeeper/contract/agent-message';
import { FileStatResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageFileStatResponseTag } from '@innkeeper/contract/agent-message-tags';
import { directoryEntry } from './directory-entry.ts';
import type { AgentMessageCall } from './reply.ts';
import { unaryCall } from './unary-call.ts';

/** file_stat to Stat, of a symbolic link itself. */
export function fileStatCall({ path }: FileStatRequest): AgentMessageCall {
  return unaryCall({
    method: FileServiceLite.stat,
    request: () => ({ path }),
    tag: agentMessageFileStatResponseTag,
    response: FileStatResponseLite,
    answer: (info) => ({ success: true, entry: directoryEntry(info) }),
  });
}
