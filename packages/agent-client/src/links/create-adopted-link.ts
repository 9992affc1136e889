import type { AgentAddress } from '@innkeeper/contract';
import { OperationError } from '@innkeeper/contract/errors';
import type { Channel, Log } from '@innkeeper/kit';
import type { AgentLink } from '../agent-link.ts';
import type { LinkClock } from '../clock.ts';
import { hostClock } from '../node/host-clock.ts';
import { openAgentAddress } from '../node/open-agent-address.ts';
import { agentMessageAgent } from './agent-message/agent-message-agent.ts';
import { createForeignLink } from './foreign/create-foreign-link.ts';
import type { ForeignAgent } from './foreign/foreign-agent.ts';
import { httpMetricsAgent } from './http-metrics/http-metrics-agent.ts';
import { jsonFramesAgent } from './json-frames/json-frames-agent.ts';
import { createAgentLink } from './native/create-agent-link.ts';
import { qgaAgent } from './qga/qga-agent.ts';
import { type QgaExchanges, QgaSession } from './qga/qga-session.ts';
import { VirshSession } from './qga/virsh-session.ts';

export interface AdoptedLinkOptions {
  readonly address: AgentAddress;
  readonly nodeVersion: string;
  readonly log?: Log | undefined;
  /** For tests. */
  readonly clock?: LinkClock | undefined;
  /** Milliseconds between samples. Default: the dialect's own. */
  readonly sampleMs?: number | undefined;
}

/** The link to the agent of a VM that somebody else runs. It never touches the guest's clock, names or disks by itself. */
export function createAdoptedLink(options: AdoptedLinkOptions): AgentLink {
  const { address, nodeVersion, log, sampleMs, clock = hostClock } = options;
  const connect = (signal: AbortSignal): Promise<Channel> => openAgentAddress(address, clock, signal);
  if (address.dialect === 'native')
    return createAgentLink({
      connect,
      identity: { vmId: '', vmName: '', nodeVersion },
      mayStepClock: false,
      log,
      clock,
    });
  return createForeignLink({ agent: foreignAgentAt(address, connect, clock), log, clock, sampleMs });
}

/** libvirt owns the socket of its domains; anywhere else it is opened for each exchange. */
function qgaExchanges(
  address: AgentAddress,
  connect: (signal: AbortSignal) => Promise<Channel>,
  clock: LinkClock,
): QgaExchanges {
  return address.kind === 'libvirt' ? new VirshSession(address) : new QgaSession(connect, clock);
}

function isReadOnly(address: AgentAddress): boolean {
  return address.kind === 'libvirt' && address.access === 'read';
}

function foreignAgentAt(
  address: AgentAddress,
  connect: (signal: AbortSignal) => Promise<Channel>,
  clock: LinkClock,
): ForeignAgent {
  switch (address.dialect) {
    case 'qga':
      return qgaAgent({ session: qgaExchanges(address, connect, clock), clock, isReadOnly: isReadOnly(address) });
    case 'json-frames':
      return jsonFramesAgent({ connect, clock });
    case 'http':
      if (address.kind !== 'http') throw new OperationError('INVALID_ARGUMENT', 'HTTP is spoken at http:// addresses.');
      return httpMetricsAgent({ host: address.host, port: address.port, clock });
    case 'agent-message':
      return agentMessageAgent({ connect, clock });
    case 'native':
      throw new Error('Innkeeper’s own dialect has its own link.');
  }
}
