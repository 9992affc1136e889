import { AddressScope, InterfaceKind } from '@innkeeper/contract/agent-lite';
import type { Host } from '../host.ts';
import { isOldSiteLocal } from './address-scope.ts';
import { readTrimmed } from './read-trimmed.ts';
import type { InterfaceInit } from './sample-interfaces.ts';

export interface PrimaryAddress {
  readonly address: string;
  readonly interface: string;
  readonly reason: string;
}

/** Interfaces that carry the guest's own traffic; those of containers and bridges come last. */
const ownKinds = new Set<number>([InterfaceKind.PHYSICAL, InterfaceKind.BOND, InterfaceKind.VLAN]);

/** The addresses to show for a VM: at most one per family, IPv4 first. */
export function primaryAddresses(host: Host, interfaces: readonly InterfaceInit[]): PrimaryAddress[] {
  const v4 = choose(
    interfaces,
    defaultInterface4(readTrimmed(host, '/proc/net/route', 65_536)),
    (address) => !address.includes(':'),
  );
  const v6 = choose(interfaces, defaultInterface6(readTrimmed(host, '/proc/net/ipv6_route', 65_536)), (address) =>
    address.includes(':'),
  );
  return [v4, v6].filter((found) => found !== undefined);
}

function choose(
  interfaces: readonly InterfaceInit[],
  defaultInterface: string | undefined,
  isFamily: (address: string) => boolean,
): PrimaryAddress | undefined {
  const candidates = interfaces
    .flatMap((each) =>
      (each.addresses ?? []).map((address) => ({ each, address: address.address ?? '', scope: address.scope ?? 0 })),
    )
    .filter(
      ({ each, address, scope }) =>
        isFamily(address) && each.kind !== InterfaceKind.LOOPBACK && scope < AddressScope.LINK,
    )
    .map((candidate) => ({ ...candidate, rank: rankOf(candidate, defaultInterface) }))
    .sort((a, b) => a.rank - b.rank);
  const [best] = candidates;
  if (best === undefined) return undefined;
  const reason =
    best.each.name === defaultInterface
      ? 'on the interface of the default route'
      : ownKinds.has(best.each.kind)
        ? 'on the first interface with an address'
        : 'on the only kind of interface with an address';
  return { address: best.address, interface: best.each.name, reason };
}

interface Candidate {
  readonly each: InterfaceInit;
  readonly address: string;
  readonly scope: number;
}

/** Lower is better. In this order: not deprecated, on the default route, on a real interface, global before site. */
function rankOf({ each, address, scope }: Candidate, defaultInterface: string | undefined): number {
  return (
    (isOldSiteLocal(address) ? 16 : 0) +
    (each.name === defaultInterface ? 0 : 8) +
    (ownKinds.has(each.kind) ? 0 : 4) +
    (each.up === true ? 0 : 2) +
    (scope === AddressScope.GLOBAL ? 0 : 1)
  );
}

/** /proc/net/route: destination and mask 0, RTF_UP; the lowest metric. */
function defaultInterface4(text: string | undefined): string | undefined {
  const routes = (text ?? '')
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t').map((field) => field.trim()))
    .filter(
      ([, destination, , flags, , , , mask]) =>
        destination === '00000000' && mask === '00000000' && (Number.parseInt(flags ?? '0', 16) & 1) !== 0,
    )
    .sort((a, b) => Number(a[6]) - Number(b[6]));
  return routes[0]?.[0];
}

/** /proc/net/ipv6_route: destination ::/0 not on lo; the lowest metric. */
function defaultInterface6(text: string | undefined): string | undefined {
  const routes = (text ?? '')
    .split('\n')
    .map((line) => line.trim().split(/ +/))
    .filter(
      ([destination, length, , , , , , , , name]) =>
        destination === '0'.repeat(32) && length === '00' && name !== undefined && name !== 'lo',
    )
    .sort((a, b) => Number.parseInt(a[5] ?? '0', 16) - Number.parseInt(b[5] ?? '0', 16));
  return routes[0]?.[9];
}
