import { allRoutes, type NetworkSettings, writtenBy } from '../network-settings.ts';

/** Read by /etc/init.d/network of the tiny image at boot. */
export const tinyPath = (name: string): string => `/etc/network.d/${name}`;

/** Commands for busybox's shell; `dhcp` is a function of the script that reads them. */
export function tinyText(settings: NetworkSettings): string {
  const { interface: name, ipv4, ipv6, mtu, dns, search } = settings;
  const lines = [writtenBy];
  if (mtu > 0) lines.push(`ip link set ${name} mtu ${mtu}`);
  for (const address of [...ipv4.addresses, ...ipv6.addresses]) lines.push(`ip addr add ${address} dev ${name}`);
  for (const { destination, gateway, metric, onLink, isIpv6 } of allRoutes(settings))
    lines.push(
      `ip ${isIpv6 ? '-6 ' : ''}route add ${destination} via ${gateway} dev ${name}${metric > 0 ? ` metric ${metric}` : ''}${onLink ? ' onlink' : ''}`,
    );
  if (ipv4.method === 'dhcp') lines.push(`dhcp ${name}`);
  else if (dns.length + search.length > 0) lines.push('# Name servers: /etc/resolv.conf.');
  return `${lines.join('\n')}\n`;
}
