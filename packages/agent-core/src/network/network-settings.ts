import { isInside, type Prefix, parseAddress, parsePrefix } from './ip-address.ts';

export type Method = 'none' | 'static' | 'dhcp' | 'automatic';

/** The addresses of one family; all in canonical form. */
export interface FamilySettings {
  /** IPv4: not "automatic". IPv6: not "none". */
  readonly method: Method;
  /** "192.0.2.5/24". */
  readonly addresses: readonly string[];
  /** Empty: none. */
  readonly gateway: string;
}

export interface SettingsRoute {
  readonly destination: string;
  readonly gateway: string;
  /** 0: the kernel's default. */
  readonly metric: number;
}

/** A checked configuration of one interface: every text is an address, a plain name of an interface or a domain. */
export interface NetworkSettings {
  readonly interface: string;
  readonly ipv4: FamilySettings;
  readonly ipv6: FamilySettings;
  readonly dns: readonly string[];
  readonly search: readonly string[];
  /** 0: unchanged. */
  readonly mtu: number;
  readonly routes: readonly SettingsRoute[];
}

export interface FullRoute extends SettingsRoute {
  readonly isIpv6: boolean;
  /** The gateway is in none of the interface's networks, so the kernel must be told that it is there all the same. */
  readonly onLink: boolean;
}

/** The default routes and the others. */
export function allRoutes({ ipv4, ipv6, routes }: NetworkSettings): FullRoute[] {
  const networks = [...ipv4.addresses, ...ipv6.addresses]
    .map(parsePrefix)
    .filter((prefix): prefix is Prefix => prefix !== undefined);
  const gateways = [
    { destination: '0.0.0.0/0', gateway: ipv4.gateway, metric: 0 },
    { destination: '::/0', gateway: ipv6.gateway, metric: 0 },
  ];
  return [...gateways.filter(({ gateway }) => gateway !== ''), ...routes].map((route) => {
    const bytes = parseAddress(route.gateway) ?? new Uint8Array(0);
    const isIpv6 = bytes.length === 16;
    const isDynamic = (isIpv6 ? ipv6 : ipv4).method === 'dhcp' || (isIpv6 && ipv6.method === 'automatic');
    const isNear = /^fe80:/.test(route.gateway) || networks.some((network) => isInside(bytes, network));
    return { ...route, isIpv6, onLink: !isNear && !isDynamic };
  });
}

/** Those of one family. */
export function routesOf(settings: NetworkSettings, isIpv6: boolean): FullRoute[] {
  return allRoutes(settings).filter((route) => route.isIpv6 === isIpv6);
}

/** Commands of iproute2 or busybox that add addresses and the routes of a family. */
export function ipCommands(settings: NetworkSettings, addresses: readonly string[], isIpv6: boolean): string[] {
  const { interface: name } = settings;
  const ip = isIpv6 ? 'ip -6' : 'ip';
  return [
    ...addresses.map((address) => `${ip} addr add ${address} dev ${name}`),
    ...routesOf(settings, isIpv6).map(
      ({ destination, gateway, metric, onLink }) =>
        `${ip} route replace ${destination} via ${gateway} dev ${name}${metric > 0 ? ` metric ${metric}` : ''}${onLink ? ' onlink' : ''}`,
    ),
  ];
}

/** The name servers of one family. */
export function dnsOf({ dns }: NetworkSettings, isIpv6: boolean): string[] {
  return dns.filter((server) => server.includes(':') === isIpv6);
}

/** A file that the agent writes; undefined text: it is to be removed. */
export interface WrittenFile {
  readonly path: string;
  readonly text: string | undefined;
  readonly mode: number;
}

/** The first line of files that the agent writes. */
export const writtenBy = '# Written by innkeeper-agent; "inn network set" replaces it.';

/** The text of /etc/resolv.conf. */
export function resolvConf({ dns, search }: Pick<NetworkSettings, 'dns' | 'search'>): string {
  const lines = dns.map((server) => `nameserver ${server}`);
  if (search.length > 0) lines.unshift(`search ${search.join(' ')}`);
  return `${[writtenBy, ...lines].join('\n')}\n`;
}
