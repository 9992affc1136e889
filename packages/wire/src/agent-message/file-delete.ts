import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { FileDeleteRequest } from '@innkeeper/contract/agent-message';
import { FileDeleteResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageFileDeleteResponseTag } from '@innkeeper/contract/agent-message-tags';
import type { AgentMessageCall } from './reply.ts';
import { unaryCall } from './unary-call.ts';

/** file_delete to Remove. */
export function fileDeleteCall({ path, recursive }: FileDeleteRequest): AgentMessageCall {
  return unaryCall({
    method: FileServiceLite.remove,
    request: () => ({ path, recursive }),
    tag: agentMessageFileDeleteResponseTag,
    response: FileDeleteResponseLite,
    answer: () => ({ success: true }),
  });
}
