import { OperationError } from '@innkeeper/contract/errors';
import { maxReportedResolvers } from '@innkeeper/contract/limits';
import { exists } from '../file/exists.ts';
import type { Host } from '../host.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { interfacesFiles, type ManagerName } from './detect-manager.ts';
import { interfacesText, withoutInterface } from './managers/ifupdown.ts';
import { connectionName, connectionPath, connectionText } from './managers/network-manager.ts';
import { networkdPath, networkdText } from './managers/networkd.ts';
import { planNetplan } from './managers/plan-netplan.ts';
import { tinyPath, tinyText } from './managers/tiny.ts';
import { type NetworkSettings, resolvConf, type WrittenFile } from './network-settings.ts';
import { runScript } from './run-script.ts';

/** How a change is made and undone. Scripts are for /bin/sh, with the interface as $1; empty: nothing to run. */
export interface ChangePlan {
  readonly files: readonly WrittenFile[];
  /** Stops what must not see the files change; also before they are restored. */
  readonly before: string;
  /** Lets the manager apply the files; empty: the agent configures the kernel. */
  readonly apply: string;
  /** Lets the manager apply the restored files. */
  readonly undo: string;
  /** Remove all addresses after `before`: what applies them expects none. */
  readonly flush: boolean;
}

const keyMode = 0o600;
const textMode = 0o644;
const resolvPath = '/etc/resolv.conf';
const reconfigure = 'networkctl reload && networkctl reconfigure "$1" || systemctl restart systemd-networkd.service';
const startTiny = '/bin/sh /etc/init.d/network';
const stopTinyDhcp = '[ ! -e /run/udhcpc.pid ] || { kill $(cat /run/udhcpc.pid); rm /run/udhcpc.pid; }';

const none: ChangePlan = { files: [], before: '', apply: '', undo: '', flush: false };

/** @throws OperationError NETWORK_REFUSED */
export async function planChange(
  host: Host,
  manager: ManagerName | undefined,
  settings: NetworkSettings,
  { temporary, index }: { readonly temporary: boolean; readonly index: number },
): Promise<ChangePlan> {
  const { interface: name, ipv4 } = settings;
  if (temporary) return planTemporary(host, manager, settings);
  switch (manager) {
    case 'netplan':
      return { ...none, ...(await planNetplan(host, settings, index)) };
    case 'NetworkManager': {
      const files = [{ path: connectionPath(name), text: connectionText(settings), mode: keyMode }];
      const up = 'nmcli -w 30 connection up';
      const uuid = (await runScript(host, 'nmcli -g GENERAL.CON-UUID device show "$1"', name)).stdout.trim();
      const back = /^[\w-]+$/.test(uuid) ? `${up} uuid ${uuid} ifname "$1"` : 'nmcli -w 30 device disconnect "$1"';
      const apply = `nmcli connection load ${connectionPath(name)} && ${up} ${connectionName(name)} ifname "$1"`;
      return { ...none, files, apply, undo: `nmcli connection reload; ${back}` };
    }
    case 'systemd-networkd': {
      const files = [{ path: networkdPath(name), text: networkdText(settings), mode: textMode }];
      return { ...none, files, apply: reconfigure, undo: reconfigure };
    }
    case 'ifupdown':
      return {
        ...none,
        files: ifupdownFiles(host, settings),
        before: 'ifdown "$1"',
        apply: 'ifup "$1"',
        undo: 'ifup "$1"',
        flush: true,
      };
    case 'tiny': {
      const isDhcp = ipv4.method === 'dhcp';
      if (settings.ipv6.method === 'dhcp' || (isDhcp && settings.dns.length > 0))
        throw new OperationError(
          'NETWORK_REFUSED',
          'The tiny image has no DHCP for IPv6, and takes name servers from DHCP.',
        );
      const files = [{ path: tinyPath(name), text: tinyText(settings), mode: textMode }];
      return {
        ...planTiny(host),
        files: [...files, ...resolvFile(host, settings)],
        apply: isDhcp ? startTiny : '',
        flush: isDhcp,
      };
    }
    default:
      throw new OperationError(
        'NETWORK_REFUSED',
        'Nothing known keeps the network of this guest: only temporary changes are possible.',
      );
  }
}

/** The DHCP client runs outside of changes only, and only where there was one. */
function planTiny(host: Host): ChangePlan {
  return { ...none, before: stopTinyDhcp, undo: exists(host, '/run/udhcpc.pid') ? startTiny : '' };
}

/** Addresses and routes of the kernel, and name servers where the guest has them until its restart. */
function planTemporary(host: Host, manager: ManagerName | undefined, settings: NetworkSettings): ChangePlan {
  const { dns, search } = settings;
  const plan = manager === 'tiny' ? planTiny(host) : none;
  if (dns.length === 0) return plan;
  if (!exists(host, '/run/systemd/resolve')) return { ...plan, files: resolvFile(host, settings) };
  const domains = search.length > 0 ? ` && resolvectl domain "$1" ${search.join(' ')}` : '';
  return { ...plan, before: `resolvectl dns "$1" ${dns.join(' ')}${domains}`, undo: 'resolvectl revert "$1"' };
}

/** /etc/resolv.conf, unless a program keeps it. */
function resolvFile(host: Host, settings: NetworkSettings): WrittenFile[] {
  if (settings.dns.length === 0 || settings.ipv4.method === 'dhcp') return [];
  try {
    if (host.files.stat(resolvPath, false).type !== 'regular') return [];
  } catch {
    // ENOENT: it is created.
  }
  return [{ path: resolvPath, text: resolvConf(settings), mode: textMode }];
}

function ifupdownFiles(host: Host, settings: NetworkSettings): WrittenFile[] {
  const [main = '', ...others] = interfacesFiles(host);
  const rest = (path: string): string => withoutInterface(host.files.readText(path, 256 * 1024), settings.interface);
  const changed = others.filter((path) => rest(path) !== host.files.readText(path, 256 * 1024));
  const hasResolvconf = exists(host, '/sbin/resolvconf') || exists(host, '/usr/sbin/resolvconf');
  return [
    {
      path: main,
      text: [rest(main), interfacesText(settings)].filter((text) => text !== '').join('\n'),
      mode: textMode,
    },
    ...changed.map((path) => ({ path, text: rest(path), mode: textMode })),
    ...(hasResolvconf ? [] : resolvFile(host, settings)),
  ];
}

/** The name servers and search domains that the guest uses. */
export function readResolvers(host: Host): { readonly dns: string[]; readonly search: string[] } {
  // systemd-resolved shows its own address in /etc/resolv.conf.
  const text =
    readTrimmed(host, '/run/systemd/resolve/resolv.conf', 65_536) ?? readTrimmed(host, resolvPath, 65_536) ?? '';
  const lines = text.split('\n').map((line) => line.trim().split(/\s+/));
  return {
    dns: lines
      .flatMap(([key, server = '']) => (key === 'nameserver' && server !== '' ? [server] : []))
      .slice(0, maxReportedResolvers),
    search: (lines.findLast(([key]) => key === 'search' || key === 'domain') ?? []).slice(1, maxReportedResolvers + 1),
  };
}
