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
import type { ProxmoxServer } from './proxmox/proxmox-server.ts';
import { ProxmoxSession } from './proxmox/proxmox-session.ts';
import type { FreezeRecords } from './qga/freeze-records.ts';
import { qgaAgent } from './qga/qga-agent.ts';
import { type QgaExchanges, QgaSession } from './qga/qga-session.ts';
import { VirshSession } from './qga/virsh-session.ts';

export interface AdoptedLinkOptions {
  readonly address: AgentAddress;
  readonly nodeVersion: string;
  readonly log?: Log | undefined;
  /** The Proxmox VE at this place, with its token; asked for each time. Without it, addresses of Proxmox do not work. */
  readonly proxmox?: ((place: Pick<ProxmoxServer, 'host' | 'port'>) => Promise<ProxmoxServer>) | undefined;
  /** Opens a channel to the agent, instead of by its address. */
  readonly connect?: ((signal: AbortSignal) => Promise<Channel>) | undefined;
  /** Where a freeze through an agent without leases is noted, so that the next process ends it. Default: nowhere. */
  readonly freezes?: FreezeRecords | undefined;
  /** For tests. */
  readonly clock?: LinkClock | undefined;
  /** Milliseconds between samples. Default: the dialect's own. */
  readonly sampleMs?: number | undefined;
}

/** The link to the agent of a VM that somebody else runs. It never touches the guest's clock, names or disks by itself. */
export function createAdoptedLink(options: AdoptedLinkOptions): AgentLink {
  const { address, nodeVersion, log, sampleMs, clock = hostClock } = options;
  const connect = options.connect ?? ((signal: AbortSignal) => openAgentAddress(address, clock, signal));
  if (address.dialect === 'native')
    return createAgentLink({
      connect,
      identity: { vmId: '', vmName: '', nodeVersion },
      mayStepClock: false,
      log,
      clock,
    });
  return createForeignLink({ agent: foreignAgentAt(address, { options, connect, clock }), log, clock, sampleMs });
}

/** What of the options a foreign agent needs. */
interface Place {
  readonly options: AdoptedLinkOptions;
  readonly connect: (signal: AbortSignal) => Promise<Channel>;
  readonly clock: LinkClock;
}

/** Milliseconds between samples through Proxmox VE, where each figure is a request to a server of many VMs. */
const proxmoxSampleMs = 30_000;

/** libvirt owns the socket of its domains, Proxmox VE that of its VMs; anywhere else it is opened for each exchange. */
function qgaExchanges(address: AgentAddress, { options: { proxmox }, connect, clock }: Place): QgaExchanges {
  if (address.kind === 'libvirt') return new VirshSession(address);
  if (address.kind !== 'proxmox') return new QgaSession(connect, clock);
  if (proxmox === undefined)
    throw new OperationError(
      'INVALID_ARGUMENT',
      'A VM of Proxmox VE is reached through a daemon, which has the token.',
    );
  return new ProxmoxSession({ server: () => proxmox(address), vmId: address.vmId, clock });
}

function isReadOnly(address: AgentAddress): boolean {
  return 'access' in address && address.access === 'read';
}

function foreignAgentAt(address: AgentAddress, place: Place): ForeignAgent {
  const { connect, clock } = place;
  switch (address.dialect) {
    case 'qga': {
      const sampleMs = address.kind === 'proxmox' ? { sampleMs: proxmoxSampleMs } : {};
      return qgaAgent({
        session: qgaExchanges(address, place),
        clock,
        isReadOnly: isReadOnly(address),
        freezes: place.options.freezes,
        ...sampleMs,
      });
    }
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
