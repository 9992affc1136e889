import { listLibvirtDomains } from '@innkeeper/agent-client';
import { defaultLibvirt, formatAgentAddress, OperationError, parseAgentAddress } from '@innkeeper/contract';

/** The domains of the libvirt on this host, with the addresses to adopt them by. Those whose names have no address are left out. */
export async function libvirtDomains(uri: string): Promise<{ name: string; agent: string }[]> {
  const place = uri === '' ? defaultLibvirt : uri;
  // Also refuses a URI that virsh would take for an option.
  parseAgentAddress(`libvirt:${place}#x`);
  const names = await listLibvirtDomains(place);
  return names.flatMap((name) => {
    try {
      return [{ name, agent: formatAgentAddress(parseAgentAddress(`libvirt:${place}#${name}`)) }];
    } catch (error) {
      if (error instanceof OperationError) return [];
      throw error;
    }
  });
}
