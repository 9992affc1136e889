import { InterfaceKind } from '@innkeeper/contract/agent-lite';

const IFF_LOOPBACK = 0x8;
const IFF_POINTOPOINT = 0x10;

/** Kinds as the kernel names them (IFLA_INFO_KIND). */
const kinds: Readonly<Record<string, InterfaceKind>> = {
  bridge: InterfaceKind.BRIDGE,
  bond: InterfaceKind.BOND,
  team: InterfaceKind.BOND,
  vlan: InterfaceKind.VLAN,
  veth: InterfaceKind.VETH,
  tun: InterfaceKind.TUNNEL,
  wireguard: InterfaceKind.TUNNEL,
  vxlan: InterfaceKind.TUNNEL,
  geneve: InterfaceKind.TUNNEL,
  gretap: InterfaceKind.TUNNEL,
  sit: InterfaceKind.TUNNEL,
};

/** The kind of an interface, by what the kernel says of it; names are not considered. */
export function interfaceKind(kind: string, flags: number): InterfaceKind {
  if (flags & IFF_LOOPBACK) return InterfaceKind.LOOPBACK;
  const known = kinds[kind];
  if (known !== undefined) return known;
  if (flags & IFF_POINTOPOINT) return InterfaceKind.TUNNEL;
  // Drivers of hardware have no kind.
  return kind === '' ? InterfaceKind.PHYSICAL : InterfaceKind.OTHER;
}
