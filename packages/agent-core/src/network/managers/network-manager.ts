import { dnsOf, type NetworkSettings, routesOf, writtenBy } from '../network-settings.ts';

export const connectionName = (name: string): string => `innkeeper-${name}`;
export const connectionPath = (name: string): string =>
  `/etc/NetworkManager/system-connections/${connectionName(name)}.nmconnection`;

/** A keyfile, nm-settings-keyfile(5). */
export function connectionText(settings: NetworkSettings): string {
  const { interface: name, mtu } = settings;
  const methods = {
    ipv4: { none: 'disabled', static: 'manual', dhcp: 'auto', automatic: 'auto' },
    ipv6: { none: 'disabled', static: 'manual', dhcp: 'dhcp', automatic: 'auto' },
  };
  const family = (key: 'ipv4' | 'ipv6'): string[] => {
    const { method, addresses } = settings[key];
    const servers = dnsOf(settings, key === 'ipv6');
    return [
      `[${key}]`,
      `method=${methods[key][method]}`,
      ...addresses.map((address, at) => `address${at + 1}=${address}`),
      // The default routes are among them, so that each has its own metric.
      ...routesOf(settings, key === 'ipv6').map(
        ({ destination, gateway, metric }, at) =>
          `route${at + 1}=${destination},${gateway}${metric > 0 ? `,${metric}` : ''}`,
      ),
      ...(servers.length > 0 ? [`dns=${servers.join(';')};`] : []),
      ...(settings.search.length > 0 && method !== 'none' ? [`dns-search=${settings.search.join(';')};`] : []),
      '',
    ];
  };
  const head = ['[connection]', `id=${connectionName(name)}`, 'type=ethernet', `interface-name=${name}`];
  const lines = [writtenBy, ...head, 'autoconnect-priority=999', ''];
  if (mtu > 0) lines.push('[ethernet]', `mtu=${mtu}`, '');
  return [...lines, ...family('ipv4'), ...family('ipv6')].join('\n');
}
