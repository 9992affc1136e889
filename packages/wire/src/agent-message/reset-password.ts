import { AccountServiceLite } from '@innkeeper/contract/agent-lite';
import type { ResetPasswordRequest } from '@innkeeper/contract/agent-message';
import { ResetPasswordResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageResetPasswordResponseTag } from '@innkeeper/contract/agent-message-tags';
import type { AgentMessageCall } from './reply.ts';
import { unaryCall } from './unary-call.ts';

/** reset_password to Change of an account. */
export function resetPasswordCall({
  username: user,
  newPassword: password,
  expire,
}: ResetPasswordRequest): AgentMessageCall {
  return unaryCall({
    method: AccountServiceLite.change,
    request: () => ({ user, password, expire }),
    tag: agentMessageResetPasswordResponseTag,
    response: ResetPasswordResponseLite,
    answer: () => ({ success: true }),
  });
}
