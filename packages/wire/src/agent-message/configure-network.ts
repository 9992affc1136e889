import { NetworkServiceLite } from '@innkeeper/contract/agent-lite';
import type { ConfigureNetworkRequest } from '@innkeeper/contract/agent-message';
import { ConfigureNetworkResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageConfigureNetworkResponseTag } from '@innkeeper/contract/agent-message-tags';
import { OperationError } from '@innkeeper/contract/errors';
import { networkOfNetplan } from './netplan/network-of-netplan.ts';
import type { AgentMessageCall } from './reply.ts';
import { unaryCall } from './unary-call.ts';

/**
 * configure_network to SetNetwork, permanently, whatever configures the guest's network. This dialect has no confirmation:
 * only a change that fails, or whose gateway does not answer, is rolled back.
 */
export function configureNetworkCall(request: ConfigureNetworkRequest, freshId: string): AgentMessageCall {
  return unaryCall({
    method: NetworkServiceLite.setNetwork,
    request: () => {
      if (!request.applyNow)
        throw new OperationError('INVALID_ARGUMENT', 'This agent writes only what it applies: set apply_now.');
      return { ...networkOfNetplan(request.netplanConfig), id: freshId, unconfirmed: true };
    },
    tag: agentMessageConfigureNetworkResponseTag,
    response: ConfigureNetworkResponseLite,
    answer: () => ({ success: true }),
  });
}
