import { OperationError } from '@innkeeper/contract/errors';
import type { Host } from '../../host.ts';
import { readTrimmed } from '../../telemetry/read-trimmed.ts';
import { filesIn } from '../detect-manager.ts';
import type { NetworkSettings, WrittenFile } from '../network-settings.ts';
import { runScript } from '../run-script.ts';
import { netplanPath, netplanReset, netplanText } from './netplan.ts';

/** A copy of the configuration, in which netplan edits and checks it. */
const scratch = '/run/innkeeper/netplan';
const maxFileBytes = 256 * 1024;
const mode = 0o600;

/** $2: what the other files must not set; empty: they say nothing of it. $3: the agent's file. */
const checkScript = `set -e
umask 077
rm -rf ${scratch}
mkdir -p ${scratch}/etc
cp -a /etc/netplan ${scratch}/etc/
rm -f ${scratch}${netplanPath}
[ -z "$2" ] || netplan set --root-dir ${scratch} "$2"
printf %s "$3" >${scratch}${netplanPath}
netplan generate --root-dir ${scratch}`;

/**
 * The files for a configuration that netplan itself has accepted.
 * @throws OperationError NETWORK_REFUSED with what netplan says
 */
export async function planNetplan(
  host: Host,
  settings: NetworkSettings,
  index: number,
): Promise<{ readonly files: WrittenFile[]; readonly apply: string; readonly undo: string }> {
  const { interface: name } = settings;
  const link = readTrimmed(host, `/run/systemd/netif/links/${index}`) ?? '';
  // netplan may know it by another name, and match it by its hardware address.
  const id = /^NETWORK_FILE=.*\/10-netplan-([\w.-]+)\.network$/m.exec(link)?.[1] ?? name;
  const read = (path: string): string => host.files.readText(path, maxFileBytes);
  const isNamed = (path: string): boolean => read(path).includes(id);
  const others = filesIn(host, '/etc/netplan', /\.yaml$/).filter((path) => path !== netplanPath && isNamed(path));
  const text = netplanText(id, settings);
  try {
    const reset = others.length > 0 ? netplanReset(id) : '';
    const { failure } = await runScript(host, checkScript, name, reset, text);
    if (failure !== undefined) throw new OperationError('NETWORK_REFUSED', `netplan refused it: ${failure}`);
    const edited = others.map((path) => ({ path, text: read(`${scratch}${path}`), mode }));
    const files = [...edited.filter((file) => file.text !== read(file.path)), { path: netplanPath, text, mode }];
    return { files, apply: 'netplan apply', undo: 'netplan apply' };
  } finally {
    await runScript(host, `rm -rf ${scratch}`, name);
  }
}
