import { dnsOf, ipCommands, type NetworkSettings, writtenBy } from '../network-settings.ts';

const stanza = /^\s*(?:iface|mapping|auto|allow-\S+|no-\S+|rename|source|source-directory|template)\b/;

/** The text of an interfaces(5) file without all that is about one interface; the rest stays as it is. */
export function withoutInterface(text: string, name: string): string {
  let isInside = false;
  const kept: string[] = [];
  // A backslash continues a line.
  for (const line of text.split(/(?<=(?<!\\)\n)/)) {
    if (stanza.test(line)) {
      const [keyword = '', ...words] = line.trim().split(/\s+/);
      isInside = keyword === 'iface' && words[0] === name;
      if ((keyword === 'auto' || keyword.startsWith('allow-')) && words.includes(name)) {
        const others = words.filter((word) => word !== name);
        if (others.length > 0) kept.push(`${keyword} ${others.join(' ')}\n`);
        continue;
      }
    }
    const isOurs = isInside || line.startsWith(writtenBy);
    // Comments after a stanza are about what follows.
    if (isOurs && !(isInside && /^\s*#/.test(line) && !line.startsWith(writtenBy))) continue;
    kept.push(line);
  }
  const rest = kept.join('').trimEnd();
  return rest === '' ? '' : `${rest}\n`;
}

/** The stanzas of one interface, interfaces(5). */
export function interfacesText(settings: NetworkSettings): string {
  const { interface: name, mtu } = settings;
  const family = (key: 'ipv4' | 'ipv6'): string[] => {
    const { method, addresses } = settings[key];
    const isIpv6 = key === 'ipv6';
    const [first, ...others] = addresses;
    const kind = method === 'none' ? 'manual' : method === 'automatic' ? 'auto' : method;
    const servers = dnsOf(settings, isIpv6);
    const isStatic = kind === 'static' && first !== undefined;
    const body = [
      ...(mtu > 0 && !isIpv6 ? [`up ip link set dev ${name} mtu ${mtu}`] : []),
      ...(isStatic ? [`address ${first}`] : []),
      ...ipCommands(settings, isStatic ? others : addresses, isIpv6).map((command) => `up ${command}`),
      ...(servers.length > 0 ? [`dns-nameservers ${servers.join(' ')}`] : []),
      ...(settings.search.length > 0 && !isIpv6 ? [`dns-search ${settings.search.join(' ')}`] : []),
    ];
    return [`iface ${name} ${isIpv6 ? 'inet6' : 'inet'} ${kind}`, ...body.map((line) => `\t${line}`)];
  };
  return `${[writtenBy, `auto ${name}`, ...family('ipv4'), ...family('ipv6')].join('\n')}\n`;
}
