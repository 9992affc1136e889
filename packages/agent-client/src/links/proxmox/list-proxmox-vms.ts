import { cleanText } from '@innkeeper/kit';
import type { LinkClock } from '../../clock.ts';
import { hostClock } from '../../node/host-clock.ts';
import { type Fields, textOf } from '../foreign/fields.ts';
import { askProxmox, ProxmoxError, proxmoxUnreachable } from './ask-proxmox.ts';
import type { ProxmoxServer } from './proxmox-server.ts';

/** A VM as the server lists it. */
export interface ProxmoxVm {
  readonly vmId: number;
  readonly name: string;
  /** The host of the cluster that it is on now. */
  readonly node: string;
}

/** Most VMs that are listed. */
const maxVms = 10_000;
const listBytes = 16 * 1024 * 1024;
const nodeForm = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/** The VMs that the token may see, running or not; templates and containers are left out. Fails with HYPERVISOR_UNREACHABLE. */
export async function listProxmoxVms(
  server: ProxmoxServer,
  signal: AbortSignal = new AbortController().signal,
  clock: LinkClock = hostClock,
): Promise<ProxmoxVm[]> {
  try {
    return await readProxmoxVms(server, { clock, signal });
  } catch (error) {
    if (error instanceof ProxmoxError) throw proxmoxUnreachable(server, error);
    throw error;
  }
}

/** The same, failing with ProxmoxError. */
export async function readProxmoxVms(
  server: ProxmoxServer,
  options: { readonly clock: LinkClock; readonly signal: AbortSignal },
): Promise<ProxmoxVm[]> {
  const asked = { method: 'GET', path: '/cluster/resources', form: { type: 'vm' }, maxBytes: listBytes } as const;
  const data = await askProxmox(server, asked, options);
  if (!Array.isArray(data)) throw new ProxmoxError(0, 'its list of VMs is not a list');
  const entries: readonly unknown[] = data.slice(0, maxVms);
  return entries.flatMap((entry) => vmOf(entry) ?? []);
}

function vmOf(entry: unknown): ProxmoxVm | undefined {
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { type, vmid, node, name, template } = entry as Fields;
  if (type !== 'qemu' || template === 1 || template === true) return undefined;
  if (typeof vmid !== 'number' || !Number.isSafeInteger(vmid) || vmid < 1) return undefined;
  // It becomes a part of paths.
  if (typeof node !== 'string' || !nodeForm.test(node)) return undefined;
  return { vmId: vmid, node, name: cleanText(textOf(name), 128) };
}
