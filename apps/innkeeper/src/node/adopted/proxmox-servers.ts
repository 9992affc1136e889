import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { checkProxmoxServer, listProxmoxVms, type ProxmoxServer } from '@innkeeper/agent-client';
import { defaultProxmoxPort, formatAgentAddress, OperationError, parseAgentAddress } from '@innkeeper/contract';
import type { ConnectProxmoxRequest } from '@innkeeper/contract/control';
import { readRegularFile } from '@innkeeper/kit/node';
import { writePrivateFile } from '../data/private-file.ts';

const maxFileBytes = 128 * 1024;

type Place = Pick<ProxmoxServer, 'host' | 'port'>;

/**
 * The Proxmox VE servers that VMs were adopted from, with their tokens: a file each in the data folder, for the daemon's user
 * alone. Neither the database nor the audit has a token.
 */
export class ProxmoxServers {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Tries a server, and keeps it if it answers. Fails with INVALID_ARGUMENT, HYPERVISOR_UNREACHABLE. */
  async connect(request: ConnectProxmoxRequest): Promise<{ name: string; id: number; agent: string }[]> {
    const port = request.port === 0 ? defaultProxmoxPort : request.port;
    // Also refuses an invalid host.
    const first = parseAgentAddress(`proxmox:${request.host}:${port}/1`);
    if (first.kind !== 'proxmox') throw new Error('It is an address of Proxmox.');
    const { host } = first;
    const optional = (text: string): string | undefined => (text === '' ? undefined : text);
    const { token, fingerprint, ca } = request;
    const server = checkProxmoxServer({
      host,
      port,
      token,
      fingerprint: optional(fingerprint),
      ca: optional(ca),
    });
    const vms = await listProxmoxVms(server);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writePrivateFile(this.#path(server), JSON.stringify(server));
    return vms.map(({ vmId, name }) => ({ name, id: vmId, agent: formatAgentAddress({ ...first, vmId }) }));
  }

  /** Fails with AGENT_UNREACHABLE for a server that is not kept. */
  async at(place: Place): Promise<ProxmoxServer> {
    try {
      const text = (await readRegularFile(this.#path(place), maxFileBytes)).toString();
      return checkProxmoxServer({ ...(JSON.parse(text) as ProxmoxServer), host: place.host, port: place.port });
    } catch (error) {
      throw new OperationError('AGENT_UNREACHABLE', `This node has no token for the Proxmox VE at ${place.host}.`, {
        cause: error,
        nextStep: `Give it one: inn adopt --proxmox https://${place.host}:${place.port}.`,
      });
    }
  }

  /** Removes the server and its token. */
  async forget(place: Place): Promise<void> {
    await rm(this.#path(place), { force: true });
  }

  #path({ host, port }: Place): string {
    return join(this.#folder, `proxmox-${host.replaceAll(':', '_')}_${port}.json`);
  }
}
