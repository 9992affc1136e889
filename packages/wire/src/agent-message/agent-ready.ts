import type { System, Telemetry } from '@innkeeper/contract/agent';
import { AddressScope } from '@innkeeper/contract/agent-lite';
import { AgentReadyEventLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageAgentReadyTag } from '@innkeeper/contract/agent-message-tags';
import { liteEncode } from '@innkeeper/contract/lite';
import type { AgentMessageReply } from './reply.ts';

/** The features served in this dialect, by the names that its hosts know. */
const capabilities = [
  'telemetry',
  'execute',
  'file_read',
  'file_write',
  'shutdown',
  'reboot',
  'quiesce',
  'thaw',
  'sync_time',
  'user_context_exec',
] as const;

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
    capabilities: [...capabilities],
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
