import { ipCommands, type NetworkSettings, writtenBy } from '../network-settings.ts';

/** Read by /etc/init.d/network of the tiny image at boot. */
export const tinyPath = (name: string): string => `/etc/network.d/${name}`;

/** Commands for busybox's shell; `dhcp` is a function of the script that reads them. Name servers are in /etc/resolv.conf. */
export function tinyText(settings: NetworkSettings): string {
  const { interface: name, ipv4, ipv6, mtu } = settings;
  return [
    writtenBy,
    ...(mtu > 0 ? [`ip link set ${name} mtu ${mtu}`] : []),
    ...ipCommands(settings, ipv4.addresses, false),
    ...ipCommands(settings, ipv6.addresses, true),
    ...(ipv4.method === 'dhcp' ? [`dhcp ${name}`] : []),
    '',
  ].join('\n');
}
