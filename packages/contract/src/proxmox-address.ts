import { invalidAddress } from './invalid-address.ts';

/** A VM of a Proxmox VE, whose REST API asks its qemu-ga. The node has the token for the API, by host and port. */
export interface ProxmoxAddress {
  readonly kind: 'proxmox';
  readonly host: string;
  readonly port: number;
  readonly vmId: number;
  /** `read`: nothing is changed in the guest. */
  readonly access: 'read' | 'full';
  readonly dialect: 'qga';
}

/** The port of Proxmox VE's API. */
export const defaultProxmoxPort = 8006;

const form =
  /^proxmox:(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9.-]{1,253})(?::(\d{1,5}))?\/([1-9]\d{0,8})(?:,access=(read|full))?$/;

/** Undefined if it is not one of Proxmox. @throws OperationError INVALID_ARGUMENT */
export function proxmoxAddress(text: string): ProxmoxAddress | undefined {
  if (!text.startsWith('proxmox:')) return undefined;
  const [, host = '', port, vmId, access] = form.exec(text) ?? [];
  const number = port === undefined ? defaultProxmoxPort : Number(port);
  if (vmId === undefined || number < 1 || number > 65_535)
    throw invalidAddress(text, 'it is not proxmox:HOST[:PORT]/VMID, with ",access=full" where it may change the guest');
  return {
    kind: 'proxmox',
    host: host.replace(/^\[(.*)\]$/, '$1').toLowerCase(),
    port: number,
    vmId: Number(vmId),
    access: access === 'full' ? 'full' : 'read',
    dialect: 'qga',
  };
}

/** The address as it is written. */
export function formatProxmoxAddress({ host, port, vmId, access }: ProxmoxAddress): string {
  return `proxmox:${formatHost(host)}:${port}/${vmId}${access === 'full' ? ',access=full' : ''}`;
}

/** A host as it stands before a port. */
export function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
