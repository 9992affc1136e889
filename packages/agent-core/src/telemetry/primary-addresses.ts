import { AddressScope, InterfaceKind } from '@innkeeper/contract/agent-lite';
import type { Host, LinkAddress, NetworkLink } from '../host.ts';
import { addressScope, isOldSiteLocal } from './address-scope.ts';
import { interfaceKind } from './interface-kind.ts';

export interface PrimaryAddress {
  readonly address: string;
  readonly interface: string;
  readonly reason: string;
}

interface Candidate {
  readonly address: string;
  readonly scope: AddressScope;
  readonly name: string;
  readonly kind: InterfaceKind;
  readonly isUp: boolean;
}

/** Interfaces that carry the guest's own traffic; those of containers and bridges come last. */
const ownKinds = new Set<number>([InterfaceKind.PHYSICAL, InterfaceKind.BOND, InterfaceKind.VLAN]);

/**
 * Far destinations, in both halves of the address space: the default route, or the two half routes with which a VPN
 * overrides it, leads to all of them. One of the three may have a route of its own.
 */
const farDestinations = [
  ['9.9.9.9', '93.184.216.34', '198.41.0.4'],
  ['2001:503:ba3e::2:30', '2620:fe::fe', '2a00:1450:4001::1'],
] as const;

/**
 * The addresses to show for a VM: at most one per family, IPv4 first. The one that the kernel sends from to far
 * destinations, by its own decision; without a default route the best that is assigned.
 */
export function primaryAddresses(
  host: Host,
  links: readonly NetworkLink[],
  addresses: readonly LinkAddress[],
): PrimaryAddress[] {
  const candidates = addresses.flatMap(({ linkIndex, address }) => {
    const link = links.find(({ index }) => index === linkIndex);
    if (link === undefined) return [];
    const { name, flags } = link;
    return [
      { address, scope: addressScope(address), name, kind: interfaceKind(link.kind, flags), isUp: (flags & 1) !== 0 },
    ];
  });
  const isV4 = ({ address }: Candidate): boolean => !address.includes(':');
  const v4 = bySource(host, links, candidates, farDestinations[0]) ?? best(candidates.filter(isV4));
  const v6 =
    bySource(host, links, candidates, farDestinations[1]) ?? best(candidates.filter((candidate) => !isV4(candidate)));
  return [v4, v6].filter((found) => found !== undefined);
}

/** The source address that the kernel uses for most of the destinations. */
function bySource(
  host: Host,
  links: readonly NetworkLink[],
  candidates: readonly Candidate[],
  destinations: readonly string[],
): PrimaryAddress | undefined {
  const seen = new Set<string>();
  for (const destination of destinations) {
    const route = routeTo(host, destination);
    if (route === undefined || addressScope(route.source) >= AddressScope.LINK) continue;
    const { source, linkIndex } = route;
    if (!seen.has(source)) {
      seen.add(source);
      continue;
    }
    const through = links.find(({ index }) => index === linkIndex)?.name ?? '';
    return {
      address: source,
      // A source hint may name the address of another interface.
      interface: candidates.find(({ address }) => address === source)?.name ?? through,
      reason: `the source address of the default route through ${through}`,
    };
  }
  return undefined;
}

function routeTo(host: Host, destination: string): ReturnType<Host['network']['routeTo']> {
  try {
    return host.network.routeTo(destination);
  } catch {
    // ENETUNREACH: no route, or no netlink in this kernel or sandbox.
    return undefined;
  }
}

function best(family: readonly Candidate[]): PrimaryAddress | undefined {
  const [first] = family
    .filter(({ kind, scope }) => kind !== InterfaceKind.LOOPBACK && scope < AddressScope.LINK)
    .map((candidate) => ({ candidate, rank: rankOf(candidate) }))
    .sort((a, b) => a.rank - b.rank);
  if (first === undefined) return undefined;
  const { address, name, kind } = first.candidate;
  const reason = ownKinds.has(kind)
    ? 'on the first interface with an address; there is no default route'
    : 'on the only kind of interface with an address; there is no default route';
  return { address, interface: name, reason };
}

/** Lower is better. In this order: not deprecated, on a real interface, on one that is up, global before site. */
function rankOf({ address, kind, isUp, scope }: Candidate): number {
  return (
    (isOldSiteLocal(address) ? 8 : 0) +
    (ownKinds.has(kind) ? 0 : 4) +
    (isUp ? 0 : 2) +
    (scope === AddressScope.GLOBAL ? 0 : 1)
  );
}
