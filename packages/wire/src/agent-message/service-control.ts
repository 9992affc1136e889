import type { UnitAction } from '@innkeeper/contract/agent';
import { UnitServiceLite } from '@innkeeper/contract/agent-lite';
import type { ServiceControlRequest } from '@innkeeper/contract/agent-message';
import { ServiceAction, ServiceControlResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageServiceControlResponseTag } from '@innkeeper/contract/agent-message-tags';
import type { AgentMessageCall } from './reply.ts';
import { serviceState } from './service-info.ts';
import { unaryCall } from './unary-call.ts';

/** service_control to Control, or Get for its status. Actions 0 to 4 of this dialect are 1 to 5 of units. */
export function serviceControlCall({ name, action }: ServiceControlRequest): AgentMessageCall {
  const reply = { tag: agentMessageServiceControlResponseTag, response: ServiceControlResponseLite };
  if (action === ServiceAction.STATUS)
    return unaryCall({
      ...reply,
      method: UnitServiceLite.get,
      request: () => ({ name }),
      answer: ({ unit }) => ({ success: true, newState: serviceState(unit) }),
    });
  return unaryCall({
    ...reply,
    method: UnitServiceLite.control,
    // An unknown action becomes an unknown one of units, which the operation refuses.
    request: () => ({ name, action: (action + 1) as UnitAction }),
    answer: ({ unit }) => ({ success: true, newState: serviceState(unit) }),
  });
}
