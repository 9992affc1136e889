import { allRoutes, type NetworkSettings, writtenBy } from '../network-settings.ts';

/** Of the files that match an interface, the one with the first name counts. */
export const networkdPath = (name: string): string => `/etc/systemd/network/00-innkeeper-${name}.network`;

/** systemd.network(5) */
export function networkdText(settings: NetworkSettings): string {
  const { interface: name, ipv4, ipv6, dns, search, mtu } = settings;
  const [dhcp4, dhcp6] = [ipv4.method === 'dhcp', ipv6.method === 'dhcp'];
  const lines = [writtenBy, '[Match]', `Name=${name}`, ''];
  if (mtu > 0) lines.push('[Link]', `MTUBytes=${mtu}`, '');
  lines.push('[Network]', `DHCP=${dhcp4 ? (dhcp6 ? 'yes' : 'ipv4') : dhcp6 ? 'ipv6' : 'no'}`);
  lines.push(`IPv6AcceptRA=${ipv6.method === 'static' ? 'no' : 'yes'}`);
  for (const address of [...ipv4.addresses, ...ipv6.addresses]) lines.push(`Address=${address}`);
  for (const server of dns) lines.push(`DNS=${server}`);
  if (search.length > 0) lines.push(`Domains=${search.join(' ')}`);
  for (const { destination, gateway, metric, onLink } of allRoutes(settings)) {
    lines.push('', '[Route]', `Destination=${destination}`, `Gateway=${gateway}`);
    if (metric > 0) lines.push(`Metric=${metric}`);
    if (onLink) lines.push('GatewayOnLink=yes');
  }
  return `${lines.join('\n')}\n`;
}
