import type { AgentAddress } from '@innkeeper/contract';
import type { Channel } from '@innkeeper/kit';
import type { LinkClock } from '../clock.ts';
import { openHybridVsock } from './hybrid-vsock.ts';
import { openUnixChannel } from './unix-channel.ts';

/** Opens a channel to the address. Rejects if nothing listens there. */
export async function openAgentAddress(address: AgentAddress, clock: LinkClock, signal: AbortSignal): Promise<Channel> {
  switch (address.kind) {
    case 'unix':
      return await openUnixChannel(address.path, { signal });
    case 'vsock':
      return await openHybridVsock(address.path, address.port, clock, signal);
    case 'http':
    case 'libvirt':
    case 'proxmox':
      throw new Error(`${address.kind} has no channel.`);
  }
}
