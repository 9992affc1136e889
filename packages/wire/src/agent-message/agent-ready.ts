import type { System, Telemetry } from '@innkeeper/contract/agent';
import { AddressScope } from '@innkeeper/contract/agent-lite';
import { AgentReadyEventLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageAgentReadyTag } from '@innkeeper/contract/agent-message-tags';
import { liteEncode } from '@innkeeper/contract/lite';
import { capabilityNames } from './capability-names.ts';
import type { AgentMessageReply } from './reply.ts';

/** agent_ready, sent once when a peer is attached: identity and addresses of the guest. */
export function agentReadyEvent(system: System, telemetry: Telemetry | undefined): AgentMessageReply {
  const event = {
    version: system.agentVersion,
    osName: system.osName,
    osVersion: system.osVersion,
    kernelVersion: system.kernelRelease,
    architecture: system.architecture,
    hostname: system.hostname,
    ipAddresses: telemetry === undefined ? [] : addressesOf(telemetry),
    capabilities: capabilityNames(system),
  };
  return { tag: agentMessageAgentReadyTag, parts: [liteEncode(AgentReadyEventLite, event)] };
}

/** The primary addresses first, then the others of interfaces that are up, without loopback and link-local ones. */
function addressesOf(telemetry: Telemetry): string[] {
  const addresses = new Set(telemetry.primaryAddresses.map(({ address }) => address));
  for (const link of telemetry.interfaces) {
    if (!link.up) continue;
    for (const { address, scope } of link.addresses)
      if (scope === AddressScope.GLOBAL || scope === AddressScope.SITE) addresses.add(address);
  }
  return [...addresses];
}
