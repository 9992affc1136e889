import { hex } from '../hex.ts';
import type { Host, NetworkLink } from '../host.ts';
import { bytesOfHex } from './guest-file.ts';
import { networkOf, parseAddress, parsePrefix } from './ip-address.ts';
import * as netlink from './netlink.ts';
import { allRoutes, type NetworkSettings } from './network-settings.ts';

/** The state of an interface, for its restoration; messages of the kernel in hexadecimal. */
export interface KernelSnapshot {
  readonly up: boolean;
  readonly mtu: number;
  readonly addresses: readonly string[];
  readonly routes: readonly string[];
}

/** What the kernel makes of an IPv6 route without a metric. */
const defaultIpv6Metric = 1024;
const noBytes = new Uint8Array(0);

const isV4 = ({ family }: netlink.KernelRow): boolean => family === netlink.AF_INET;
const keyOf = (row: netlink.KernelRow & Partial<netlink.KernelRoute>): string =>
  `${row.text} ${row.gateway} ${row.metric} ${row.protocol}`;
const hexOf = ({ body }: netlink.KernelRow): string => hex(body);

/** One interface of the kernel: its addresses, and its routes of the main table. */
export class KernelNetwork {
  readonly #host: Host;
  readonly #index: number;

  constructor(host: Host, index: number) {
    this.#host = host;
    this.#index = index;
  }

  /** In the kernel's order, without link-local IPv6, which the kernel adds itself. */
  addresses(): netlink.KernelAddress[] {
    return dumpAddresses(this.#host).filter(({ link }) => link === this.#index);
  }

  /** Without those that the kernel adds itself, for addresses. */
  routes(): netlink.KernelRoute[] {
    return dumpRoutes(this.#host).filter(({ link }) => link === this.#index);
  }

  snapshot(): KernelSnapshot {
    const { flags = 0, mtu = 0 } = this.#link() ?? {};
    return {
      up: (flags & 1) !== 0,
      mtu,
      addresses: this.addresses().map(hexOf),
      routes: this.#ownRoutes().map(hexOf),
    };
  }

  /** Whether the interface is what it was, or is gone. */
  isAs(before: KernelSnapshot): boolean {
    const keysOf = ({ up, mtu, addresses, routes }: KernelSnapshot): string =>
      [up, mtu, ...addressesOf(addresses).map(keyOf).sort(), ...routesOf(routes).map(keyOf).sort()].join();
    return this.#link() === undefined || keysOf(this.snapshot()) === keysOf(before);
  }

  /** Makes the interface what it was. */
  restore({ up, mtu, addresses, routes }: KernelSnapshot): void {
    // Nothing can be routed over an interface that is down.
    this.#setLink(true, mtu);
    this.#setAddresses(addressesOf(addresses));
    this.#setRoutes(routesOf(routes));
    if (!up) this.#setLink(false, mtu);
  }

  /** Removes all addresses, and with them the routes. */
  flush(): void {
    this.#setAddresses([]);
  }

  /** Applies a static configuration. What DHCP and router advertisements configured stays, where they are to be used. */
  apply(settings: NetworkSettings): void {
    const { ipv4, ipv6, mtu } = settings;
    const added = [...ipv4.addresses, ...ipv6.addresses].map((text) => {
      const { bytes, length } = parsePrefix(text) ?? { bytes: noBytes, length: 0 };
      return netlink.parseAddressBody(netlink.addressBody(this.#index, bytes, length));
    });
    const isKept = (address: netlink.KernelAddress): boolean =>
      !isV4(address) && ipv6.method !== 'static' && (address.flags & netlink.IFA_F_PERMANENT) === 0;
    this.#setLink(true, mtu);
    this.#setAddresses([...this.addresses().filter((address) => isKept(address) && !has(added, address)), ...added]);
    this.#setRoutes(
      allRoutes(settings).flatMap(({ destination, gateway, metric, onLink, isIpv6 }) => {
        const prefix = parsePrefix(destination) ?? { bytes: noBytes, length: 0 };
        const body = netlink.routeBody(this.#index, {
          destination: networkOf(prefix),
          length: prefix.length,
          gateway: parseAddress(gateway) ?? noBytes,
          metric: metric || (isIpv6 ? defaultIpv6Metric : 0),
          onLink,
        });
        return netlink.parseRouteBody(body) ?? [];
      }),
    );
  }

  /** NUD_*; 0: the kernel does not know this neighbour. */
  neighbourState(address: string): number {
    const isIt = (each: ReturnType<typeof netlink.parseNeighbourBody>): boolean =>
      each.link === this.#index && each.address === address;
    return dump(this.#host, netlink.RTM_GETNEIGH, netlink.parseNeighbourBody).find(isIt)?.state ?? 0;
  }

  /** Lets the kernel ask a neighbour for its hardware address, by ARP or neighbour discovery. */
  askNeighbour(address: string, isKnown: boolean): void {
    const bytes = parseAddress(address) ?? noBytes;
    this.#change(netlink.RTM_NEWNEIGH, netlink.neighbourBody(this.#index, bytes, isKnown ? netlink.NUD_PROBE : 0));
  }

  #link(): NetworkLink | undefined {
    return this.#host.network.links().find(({ index }) => index === this.#index);
  }

  /** The kernel adds those of router advertisements by itself. */
  #ownRoutes(): netlink.KernelRoute[] {
    return this.routes().filter(({ protocol }) => protocol !== netlink.RTPROT_RA);
  }

  #setLink(up: boolean, mtu: number): void {
    this.#change(netlink.RTM_SETLINK, netlink.linkBody(this.#index, up, mtu));
  }

  /** Of IPv4 the order counts: the first address of a network is the one that is sent from. */
  #setAddresses(wanted: readonly netlink.KernelAddress[]): void {
    const present = this.addresses();
    const orderOf = (rows: readonly netlink.KernelAddress[]): string => rows.filter(isV4).map(keyOf).join();
    const isOther = orderOf(present) !== orderOf(wanted);
    this.#setRows(netlink.RTM_NEWADDR, present, wanted, (row) => isOther && isV4(row));
  }

  /** Those without a gateway first: the gateways of the others may be reached by them. */
  #setRoutes(wanted: readonly netlink.KernelRoute[]): void {
    const sorted = wanted.toSorted((a, b) => Number(a.gateway !== '') - Number(b.gateway !== ''));
    this.#setRows(netlink.RTM_NEWROUTE, this.#ownRoutes(), sorted, () => false);
  }

  /** @param type of the message that adds; the one that deletes has the next number */
  #setRows<R extends netlink.KernelRow>(
    type: number,
    present: readonly R[],
    wanted: readonly R[],
    isStale: (row: R) => boolean,
  ): void {
    const kept = present.filter((row) => !isStale(row) && has(wanted, row));
    const surplus = present.filter((row) => !kept.includes(row));
    const missing = wanted.filter((row) => !has(kept, row));
    // In reverse, since the first address takes those with it that belong to its network.
    for (const { body } of surplus.reverse())
      try {
        this.#change(type + 1, body);
      } catch {
        // ESRCH, EADDRNOTAVAIL: it has just gone by itself.
      }
    for (const { body } of missing) this.#change(type, body);
  }

  #change(type: number, body: Uint8Array): void {
    this.#host.network.request(type, netlink.NLM_F_ACK | netlink.NLM_F_CREATE_OR_REPLACE, body);
  }
}

function has(rows: readonly netlink.KernelRow[], row: netlink.KernelRow): boolean {
  return rows.some((other) => keyOf(other) === keyOf(row));
}

function addressesOf(texts: readonly string[]): netlink.KernelAddress[] {
  return texts.map((text) => netlink.parseAddressBody(bytesOfHex(text)));
}

function routesOf(texts: readonly string[]): netlink.KernelRoute[] {
  return texts.flatMap((text) => netlink.parseRouteBody(bytesOfHex(text)) ?? []);
}

/** Of all interfaces, without link-local IPv6, which the kernel adds itself. */
export function dumpAddresses(host: Host): netlink.KernelAddress[] {
  return dump(host, netlink.RTM_GETADDR, netlink.parseAddressBody).filter(({ text }) => !text.startsWith('fe80:'));
}

/** The main table, without what the kernel adds for addresses. */
export function dumpRoutes(host: Host): netlink.KernelRoute[] {
  const routes = dump(host, netlink.RTM_GETROUTE, netlink.parseRouteBody);
  return routes.flatMap((route) => (route === undefined || route.protocol === netlink.RTPROT_KERNEL ? [] : route));
}

/** Whether it is a default route. */
export function isDefault({ text }: netlink.KernelRow): boolean {
  return text === '0.0.0.0/0' || text === '::/0';
}

/** IPv4 first. */
function dump<T>(host: Host, type: number, parse: (body: Uint8Array) => T): T[] {
  return [netlink.AF_INET, netlink.AF_INET6].flatMap((family) =>
    host.network.request(type, netlink.NLM_F_DUMP, netlink.dumpBody(family)).map(parse),
  );
}
