import { exists } from '../file/exists.ts';
import type { Host } from '../host.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';

export type ManagerName = 'netplan' | 'NetworkManager' | 'systemd-networkd' | 'ifupdown' | 'tiny';

/** What of the guest decides how its network is configured. */
export interface ManagerFacts {
  /** Innkeeper's tiny image, of a build that reads /etc/network.d. */
  readonly isTiny: boolean;
  /** netplan and a file for it. */
  readonly hasNetplan: boolean;
  readonly runsNetworkManager: boolean;
  /** NetworkManager has a connection on this interface. */
  readonly networkManagerHasIt: boolean;
  readonly runsNetworkd: boolean;
  /** systemd-networkd has a file for this interface. */
  readonly networkdHasIt: boolean;
  readonly hasIfupdown: boolean;
  /** A file of ifupdown names this interface. */
  readonly ifupdownHasIt: boolean;
}

/** What configures an interface: the one that already does, then one that runs. Undefined: none that is known. */
export function detectManager(facts: ManagerFacts): ManagerName | undefined {
  if (facts.isTiny) return 'tiny';
  // It writes the configuration of the two that follow.
  if (facts.hasNetplan) return 'netplan';
  if (facts.networkManagerHasIt) return 'NetworkManager';
  if (facts.networkdHasIt) return 'systemd-networkd';
  if (facts.ifupdownHasIt) return 'ifupdown';
  if (facts.runsNetworkManager) return 'NetworkManager';
  if (facts.runsNetworkd) return 'systemd-networkd';
  return facts.hasIfupdown ? 'ifupdown' : undefined;
}

const programFolders = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const maxNames = 1000;
const maxFileBytes = 256 * 1024;

/** Paths of the files in a folder; empty if there is no such folder. */
export function filesIn(host: Host, folder: string, pattern: RegExp): string[] {
  try {
    const names = host.files.readDirectory(folder, maxNames).filter((name) => pattern.test(name));
    return names.sort().map((name) => `${folder}/${name}`);
  } catch {
    // ENOENT: not this kind of guest.
    return [];
  }
}

/** The files of ifupdown. */
export function interfacesFiles(host: Host): string[] {
  return ['/etc/network/interfaces', ...filesIn(host, '/etc/network/interfaces.d', /^[\w.-]+$/)];
}

/** @param link the interface */
export function readManagerFacts(host: Host, link: { readonly name: string; readonly index: number }): ManagerFacts {
  const read = (path: string): string => readTrimmed(host, path, maxFileBytes) ?? '';
  const has = (path: string): boolean => exists(host, path);
  const hasProgram = (name: string): boolean => programFolders.some((folder) => has(`${folder}/${name}`));
  const hasIfupdown = hasProgram('ifup') && has('/etc/network/interfaces');
  const runsNetworkManager = hasProgram('nmcli') && has('/run/NetworkManager');
  const runsNetworkd = hasProgram('networkctl') && has('/run/systemd/netif');
  const words = (text: string): string[] => text.split(/\s+/);
  const isNamed = (path: string): boolean =>
    read(path)
      .split('\n')
      .some((line) => words(line.trim())[0] === 'iface' && words(line.trim())[1] === link.name);
  return {
    isTiny: /^ID=innkeeper-tiny$/m.test(read('/etc/os-release')) && has('/etc/network.d'),
    hasNetplan: hasProgram('netplan') && filesIn(host, '/etc/netplan', /\.yaml$/).length > 0,
    runsNetworkManager,
    networkManagerHasIt:
      runsNetworkManager && /^connection-uuid=/m.test(read(`/run/NetworkManager/devices/${link.index}`)),
    runsNetworkd,
    networkdHasIt: runsNetworkd && /^NETWORK_FILE=/m.test(read(`/run/systemd/netif/links/${link.index}`)),
    hasIfupdown,
    ifupdownHasIt: hasIfupdown && interfacesFiles(host).some(isNamed),
  };
}
