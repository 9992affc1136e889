import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OperationError } from '@innkeeper/contract';
import { packagingDirectory } from '@innkeeper/images';

const units = {
  SYSTEMD: 'systemd/innkeeper-agent.service',
  OPENRC: 'openrc/innkeeper-agent',
  SYSV: 'sysv/innkeeper-agent',
  BUSYBOX: 'busybox/inittab',
} as const;

/** What may stand between the quotes of a shell script. */
const plainAddress = /^https?:\/\/[A-Za-z0-9.:[\]-]+$/;

/** The script that installs the agent from this daemon, with its address in it. Throws HOST_REFUSED for an unsafe address. */
export async function installScript(address: string): Promise<string> {
  if (!plainAddress.test(address)) {
    throw new OperationError('HOST_REFUSED', `"${address.slice(0, 80)}" is not an address that a script can contain.`);
  }
  let script = await readFile(join(packagingDirectory, 'install-agent.sh'), 'utf8');
  for (const [name, file] of Object.entries(units)) {
    const content = await readFile(join(packagingDirectory, file), 'utf8');
    script = script.replace(`@${name}@`, () => content.trimEnd());
  }
  return script.replaceAll('@URL@', address);
}
