import type { MessageInitShape } from '@bufbuild/protobuf';
import type { InterfaceAddressSchema, InterfaceKind, NetworkInterfaceSchema } from '@innkeeper/contract/agent';
import type { Host, LinkAddress, NetworkLink } from '../host.ts';
import { addressScope } from './address-scope.ts';
import { interfaceKind } from './interface-kind.ts';
import { type PrimaryAddress, primaryAddresses } from './primary-addresses.ts';
import { Remembered } from './remembered.ts';

export type InterfaceInit = MessageInitShape<typeof NetworkInterfaceSchema> & {
  readonly name: string;
  readonly kind: InterfaceKind;
};

export interface NetworkSample {
  readonly interfaces: InterfaceInit[];
  /** Number of interfaces that are not among them. */
  readonly omitted: number;
  readonly primary: readonly PrimaryAddress[];
}

type AddressInit = MessageInitShape<typeof InterfaceAddressSchema>;

/** What only changes when the kernel says so. */
interface Addresses {
  readonly byLink: ReadonlyMap<number, AddressInit[]>;
  readonly primary: readonly PrimaryAddress[];
}

/** Maximum number of interfaces in a report. */
export const maxInterfaces = 256;

const IFF_UP = 0x1;
const operUnknown = 0;
const operUp = 6;

/**
 * Interfaces with their counters, which one request to the kernel returns; addresses and routes are only read again when
 * they changed.
 */
export class NetworkSampler {
  readonly #host: Host;
  readonly #addresses: Remembered<Addresses>;

  constructor(host: Host) {
    this.#host = host;
    this.#addresses = new Remembered(host.clock);
  }

  /** `changes` as ChangeWatch counts them. */
  sample(changes?: number): NetworkSample {
    const links = linksOf(this.#host);
    const { byLink, primary } = this.#addresses.get(changes, () => readAddresses(this.#host, links));
    const kept = keepFullest(links, byLink, primary);
    const names = new Map(links.map(({ index, name }) => [index, name]));
    return {
      interfaces: kept.map((link) => describe(link, byLink.get(link.index) ?? [], names.get(link.masterIndex) ?? '')),
      omitted: links.length - kept.length,
      primary,
    };
  }
}

/** By name; none in a kernel or sandbox without netlink. */
function linksOf(host: Host): NetworkLink[] {
  try {
    return host.network.links().sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

function readAddresses(host: Host, links: readonly NetworkLink[]): Addresses {
  let rows: LinkAddress[] = [];
  try {
    rows = host.network.addresses();
  } catch {
    // No netlink: unknown.
  }
  const byLink = new Map<number, AddressInit[]>();
  for (const { linkIndex, address, prefixLength } of rows) {
    const known = byLink.get(linkIndex);
    const entry = { address, prefixLength, scope: addressScope(address) };
    if (known === undefined) byLink.set(linkIndex, [entry]);
    else known.push(entry);
  }
  return { byLink, primary: primaryAddresses(host, links, rows) };
}

/** Of too many interfaces: those of the primary addresses, then those with addresses, then those with most traffic. */
function keepFullest(
  links: NetworkLink[],
  byLink: Addresses['byLink'],
  primary: readonly PrimaryAddress[],
): NetworkLink[] {
  if (links.length <= maxInterfaces) return links;
  const rankOf = ({ name, index }: NetworkLink): number =>
    primary.some((each) => each.interface === name) ? 0 : byLink.has(index) ? 1 : 2;
  const trafficOf = ({ counters }: NetworkLink): number =>
    counters === undefined ? 0 : Number(counters.rxBytes) + Number(counters.txBytes);
  const kept = links
    .map((link) => ({ link, rank: rankOf(link), traffic: trafficOf(link) }))
    .sort((a, b) => a.rank - b.rank || b.traffic - a.traffic)
    .slice(0, maxInterfaces)
    .map(({ link }) => link);
  return links.filter((link) => kept.includes(link));
}

function describe(
  { name, kind, macAddress, flags, operState, mtu, counters }: NetworkLink,
  addresses: AddressInit[],
  master: string,
): InterfaceInit {
  const facts = {
    name,
    kind: interfaceKind(kind, flags),
    macAddress,
    up: (flags & IFF_UP) !== 0 && (operState === operUp || operState === operUnknown),
    mtu,
    addresses,
    master,
  };
  return counters === undefined ? facts : Object.assign(facts, counters);
}
