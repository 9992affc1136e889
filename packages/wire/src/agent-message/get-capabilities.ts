import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { GetCapabilitiesResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageGetCapabilitiesResponseTag } from '@innkeeper/contract/agent-message-tags';
import { capabilityNames } from './capability-names.ts';
import type { AgentMessageCall } from './reply.ts';
import { unaryCall } from './unary-call.ts';

/** get_capabilities to GetSystem. Time and commit of the build stay empty. */
export function getCapabilitiesCall(): AgentMessageCall {
  return unaryCall({
    method: TelemetryServiceLite.getSystem,
    request: () => ({}),
    tag: agentMessageGetCapabilitiesResponseTag,
    response: GetCapabilitiesResponseLite,
    answer: (system) => {
      const capabilities = capabilityNames(system);
      const has = (name: string): string => String(capabilities.includes(name));
      return {
        version: system.agentVersion,
        os: 'linux',
        architecture: system.architecture,
        capabilities,
        features: { fsfreeze: has('quiesce'), user_context_exec: has('user_context_exec') },
      };
    },
  });
}
