import { allRoutes, type NetworkSettings, writtenBy } from '../network-settings.ts';

/** Of the files in /etc/netplan, those with later names prevail. */
export const netplanPath = '/etc/netplan/90-innkeeper.yaml';

/** All that the agent's file sets, for `netplan set`, which removes it from the other files. */
export function netplanReset(id: string): string {
  const keys = ['addresses', 'routes', 'nameservers', 'dhcp4', 'dhcp6', 'accept-ra', 'gateway4', 'gateway6', 'mtu'];
  return `ethernets.${id.replace(/\./g, '\\.')}={${keys.map((key) => `${key}: null`).join(', ')}}`;
}

/** @param id netplan's name of the interface, which need not be the kernel's */
export function netplanText(id: string, settings: NetworkSettings): string {
  const { ipv4, ipv6, dns, search, mtu } = settings;
  const list = (items: readonly string[]): string => `[${items.map((item) => `"${item}"`).join(', ')}]`;
  const addresses = [...ipv4.addresses, ...ipv6.addresses];
  const lines = [`dhcp4: ${ipv4.method === 'dhcp'}`, `dhcp6: ${ipv6.method === 'dhcp'}`];
  lines.push(`accept-ra: ${ipv6.method !== 'static'}`);
  if (addresses.length > 0) lines.push(`addresses: ${list(addresses)}`);
  if (mtu > 0) lines.push(`mtu: ${mtu}`);
  if (dns.length + search.length > 0) lines.push('nameservers:');
  if (dns.length > 0) lines.push(`  addresses: ${list(dns)}`);
  if (search.length > 0) lines.push(`  search: ${list(search)}`);
  const routes = allRoutes(settings);
  if (routes.length > 0) lines.push('routes:');
  for (const { destination, gateway, metric, onLink } of routes) {
    lines.push(`  - to: "${destination}"`, `    via: "${gateway}"`);
    if (metric > 0) lines.push(`    metric: ${metric}`);
    if (onLink) lines.push('    on-link: true');
  }
  const body = lines.map((line) => `      ${line}\n`).join('');
  return `${writtenBy}\nnetwork:\n  version: 2\n  ethernets:\n    "${id}":\n${body}`;
}
