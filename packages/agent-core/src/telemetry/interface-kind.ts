import { InterfaceKind } from '@innkeeper/contract/agent-lite';
import type { Host } from '../host.ts';
import { readTrimmed } from './read-trimmed.ts';

const IFF_LOOPBACK = 0x8;
const IFF_POINTOPOINT = 0x10;

/** The kind of an interface, by its entries in sysfs; names are not considered. */
export function interfaceKind(host: Host, name: string, flags: number): InterfaceKind {
  const folder = `/sys/class/net/${name}`;
  if (flags & IFF_LOOPBACK) return InterfaceKind.LOOPBACK;
  if (exists(host, `${folder}/bridge`)) return InterfaceKind.BRIDGE;
  if (exists(host, `${folder}/bonding`)) return InterfaceKind.BOND;
  const uevent = readTrimmed(host, `${folder}/uevent`) ?? '';
  if (uevent.includes('DEVTYPE=vlan')) return InterfaceKind.VLAN;
  if (exists(host, `${folder}/tun_flags`) || flags & IFF_POINTOPOINT || /DEVTYPE=(wireguard|vxlan|geneve)/.test(uevent))
    return InterfaceKind.TUNNEL;
  if (exists(host, `${folder}/device`)) return InterfaceKind.PHYSICAL;
  // A veth pair: the other end has another index.
  const own = readTrimmed(host, `${folder}/ifindex`);
  const link = readTrimmed(host, `${folder}/iflink`);
  return own !== undefined && link !== undefined && own !== link ? InterfaceKind.VETH : InterfaceKind.OTHER;
}

function exists(host: Host, path: string): boolean {
  try {
    host.files.stat(path, true);
    return true;
  } catch {
    // ENOENT: does not exist.
    return false;
  }
}
