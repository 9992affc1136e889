import { readFileSync } from 'node:fs';
import type { InnkeeperClient } from '@innkeeper/client';
import { isOperationError } from '@innkeeper/contract/errors';
import { CliError } from '../cli-error.ts';
import { askSecret } from '../contexts/read-secret.ts';

type Tags = Record<string, string>;

/** Adopts every domain of a libvirt, for reading. */
export async function adoptDomains(client: InnkeeperClient, uri: string, tags: Tags): Promise<void> {
  const { domains } = await client.adopted.findLibvirtDomains({ uri });
  if (domains.length === 0) process.stdout.write('libvirt has no domains.\n');
  for (const { name, agent } of domains) await adoptOne(client, vmName(name, 'domain'), agent, tags);
}

export interface ProxmoxWords {
  readonly url: string;
  readonly token: string | undefined;
  readonly tokenFile: string | undefined;
  readonly fingerprint: string | undefined;
  readonly ca: string | undefined;
}

/** Hands the node a token for a Proxmox VE, and adopts every VM that it may see, for reading. */
export async function adoptFromProxmox(client: InnkeeperClient, words: ProxmoxWords, tags: Tags): Promise<void> {
  const { host, port } = placeOf(words.url);
  const { vms } = await client.adopted.connectProxmox({
    host,
    port,
    token: await tokenOf(words),
    fingerprint: words.fingerprint ?? '',
    ca: words.ca === undefined ? '' : readFileSync(words.ca, 'utf8'),
  });
  if (vms.length === 0) process.stdout.write('The token may see no VMs there: it needs VM.Audit.\n');
  for (const { name, id, agent } of vms) await adoptOne(client, vmName(name, `vm-${id}`), agent, tags);
}

/** The host and the port of an address; 0 for the usual port. @throws CliError */
function placeOf(text: string): { host: string; port: number } {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`);
  if (url === null || url.protocol !== 'https:' || url.username !== '' || !['', '/'].includes(url.pathname))
    throw new CliError(`"${text}" is not an address such as https://host:8006.`);
  // URL leaves the default port of https out.
  const isWritten = /:443\/?$/.test(text);
  return { host: url.hostname, port: url.port === '' ? (isWritten ? 443 : 0) : Number(url.port) };
}

async function tokenOf({ token, tokenFile }: ProxmoxWords): Promise<string> {
  if (token !== undefined && tokenFile !== undefined) throw new CliError('Give either --token or --token-file.');
  if (tokenFile !== undefined) return (readFileSync(tokenFile, 'utf8').split('\n', 1)[0] ?? '').trim();
  return token ?? process.env['INNKEEPER_PROXMOX_TOKEN'] ?? (await askSecret('Token (USER@REALM!ID=SECRET): '));
}

async function adoptOne(client: InnkeeperClient, name: string, agent: string, tags: Tags): Promise<void> {
  try {
    await client.adopted.adoptVm({ name, agent, tags });
    process.stdout.write(`${name} is adopted, for reading.\n`);
  } catch (error) {
    if (!isOperationError(error) || error.reason !== 'VM_NAME_TAKEN') throw error;
    process.stdout.write(`${name} is left alone: a VM has this name already.\n`);
  }
}

/** A name elsewhere in the characters that names of VMs have. */
function vmName(text: string, otherwise: string): string {
  const name = text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return name.replace(/^-/, '').slice(0, 63).replace(/-$/, '') || otherwise;
}
