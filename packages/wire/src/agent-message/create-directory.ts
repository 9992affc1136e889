import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { CreateDirectoryRequest } from '@innkeeper/contract/agent-message';
import { CreateDirectoryResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageCreateDirectoryResponseTag } from '@innkeeper/contract/agent-message-tags';
import type { AgentMessageCall } from './reply.ts';
import { unaryCall } from './unary-call.ts';

/** create_directory to MakeDirectory. `mode` 0 means the default. */
export function createDirectoryCall({ path, createParents, mode }: CreateDirectoryRequest): AgentMessageCall {
  return unaryCall({
    method: FileServiceLite.makeDirectory,
    request: () => ({ path, parents: createParents, ...(mode === 0 ? {} : { mode }) }),
    tag: agentMessageCreateDirectoryResponseTag,
    response: CreateDirectoryResponseLite,
    answer: () => ({ success: true }),
  });
}
