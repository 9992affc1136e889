import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract';
import { packagingDirectory } from './install-plan.ts';

/** What the script contains, by names between @ signs. */
const parts = {
  IN_AGENT: 'agent/in-agent.sh',
  ADD_UPDATE_KEYS: 'agent/add-update-keys.sh',
  SYSTEMD: 'systemd/innkeeper-agent.service',
  OPENRC: 'openrc/innkeeper-agent',
  SYSV: 'sysv/innkeeper-agent',
  BUSYBOX: 'busybox/inittab',
} as const;

/** Files of the folder `packaging` that the script is made of: a package of the daemon has them. */
export const installScriptFiles: readonly string[] = ['install-agent.sh', ...Object.values(parts)];

/** What may stand between the quotes of a shell script. */
const plainAddress = /^https?:\/\/[A-Za-z0-9.:[\]-]+$/;

/** The script that installs the agent from this daemon, with its address and its key for updates in it. Throws HOST_REFUSED for an unsafe address. */
export async function installScript(address: string, updateKeyLine = ''): Promise<string> {
  if (!plainAddress.test(address)) {
    throw new OperationError('HOST_REFUSED', `"${address.slice(0, 80)}" is not an address that a script can contain.`);
  }
  const usage = `curl -fsS ${address}/install-agent.sh | sudo sh\n# Without curl: wget -q -O - ${address}/install-agent.sh | sudo sh`;
  return await fill(address, usage, updateKeyLine.trim());
}

/**
 * The script that installs the agent from the folder of the script, without a network: agent/linux-amd64 and so on.
 * @param updateKeys lines of keys for updates
 */
export function offlineInstallScript(updateKeys = ''): Promise<string> {
  return fill('', 'sudo sh install-agent.sh', updateKeys.trim());
}

async function fill(url: string, usage: string, updateKeys = ''): Promise<string> {
  let script = await readFile(join(packagingDirectory, 'install-agent.sh'), 'utf8');
  for (const [name, file] of Object.entries(parts)) {
    const content = await readFile(join(packagingDirectory, file), 'utf8');
    script = script.replace(`@${name}@`, () => content.trimEnd());
  }
  return script.replaceAll('@URL@', url).replace('@UPDATE_KEY@', updateKeys).replace('@USAGE@', usage);
}
