import type { AddressSettings, SetNetworkRequest } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import { isCallerId, maxNetworkSettings, networkConfirmMs, networkMtu } from '@innkeeper/contract/limits';
import { formatAddress, networkOf, type Prefix, parseAddress, parsePrefix } from './ip-address.ts';
import type { FamilySettings, Method, NetworkSettings } from './network-settings.ts';

/** `what` names the field and says what it must be. */
function refuseIf(isWrong: boolean, what: string): void {
  if (isWrong) throw new OperationError('INVALID_ARGUMENT', what);
}

/** @throws OperationError INVALID_ARGUMENT */
export function checkChangeId(id: string): void {
  refuseIf(!isCallerId(id), 'id must have 1 to 64 characters of A-Z, a-z, 0-9, "_" and "-".');
}

/** The checked settings with every address in canonical form. @throws OperationError INVALID_ARGUMENT */
export function settingsOf(request: SetNetworkRequest, name: string): NetworkSettings {
  const { confirmMs, mtu, dns, search, routes } = request;
  const { min, max } = networkConfirmMs;
  checkChangeId(request.id);
  refuseIf(confirmMs !== 0 && (confirmMs < min || confirmMs > max), `confirm_ms must be 0 or ${min} to ${max}.`);
  const ipv4 = familyOf(request.ipv4, 'ipv4');
  const ipv6 = familyOf(request.ipv6, 'ipv6');
  const hasIpv6 = ipv6.addresses.length > 0;
  refuseIf(ipv4.method === 'none' && ipv6.method === 'automatic' && !hasIpv6, 'ipv4 or ipv6 must have an address.');
  refuseIf(request.temporary && [ipv4.method, ipv6.method].includes('dhcp'), 'temporary is not for DHCP.');
  const leastMtu = hasIpv6 ? networkMtu.minIpv6 : networkMtu.min;
  refuseIf(mtu !== 0 && (mtu < leastMtu || mtu > networkMtu.max), `mtu must be 0 or ${leastMtu} to ${networkMtu.max}.`);
  atMost(dns, maxNetworkSettings.dns, 'dns');
  atMost(search, maxNetworkSettings.search, 'search');
  atMost(routes, maxNetworkSettings.routes, 'routes');
  const isDomain = (text: string): boolean =>
    text.length <= 253 && text.split('.').every((label) => /^\w(?:[\w-]{0,61}\w)?$/.test(label));
  refuseIf(!search.every(isDomain), 'search must have domains.');
  return {
    interface: name,
    ipv4,
    ipv6,
    dns: dns.map((server) => addressOf(server, 'dns')),
    search: [...search],
    mtu,
    routes: routes.map(({ destination, gateway, metric }) => {
      const prefix = prefixOf(destination, 'routes');
      const via = addressOf(gateway, 'routes');
      refuseIf(via.includes(':') !== (prefix.bytes.length === 16), 'routes: a gateway must be of its route’s family.');
      return { destination: `${formatAddress(networkOf(prefix))}/${prefix.length}`, gateway: via, metric };
    }),
  };
}

/** AddressMethod by number, for each family. */
const methods: Readonly<Record<'ipv4' | 'ipv6', readonly Method[]>> = {
  ipv4: ['none', 'static', 'dhcp'],
  ipv6: ['automatic', 'static', 'dhcp'],
};

function familyOf(given: AddressSettings | undefined, field: 'ipv4' | 'ipv6'): FamilySettings {
  const { addresses = [], gateway = '' } = given ?? {};
  const method = methods[field][given?.method ?? 0];
  if (method === undefined) throw new OperationError('INVALID_ARGUMENT', `${field}: there is no such method.`);
  const isIpv6 = field === 'ipv6';
  const isEmpty = addresses.length === 0;
  atMost(addresses, maxNetworkSettings.addresses, field);
  refuseIf(method === 'static' && isEmpty, `${field}: a static method needs an address.`);
  refuseIf((method === 'dhcp' || method === 'none') && !isEmpty, `${field}: addresses need the static method.`);
  refuseIf(gateway !== '' && isEmpty, `${field}: a gateway needs an address.`);
  const list = addresses.map((text) => {
    const { bytes, length } = prefixOf(text, field);
    const address = formatAddress(bytes);
    refuseIf(
      (bytes.length === 16) !== isIpv6 || length === 0 || !isUsable(address),
      `${field}: ${text} is not for an interface.`,
    );
    return `${address}/${length}`;
  });
  const via = gateway === '' ? '' : addressOf(gateway, field);
  refuseIf(
    via !== '' && (via.includes(':') !== isIpv6 || !isUsable(via) || list.some((text) => text.startsWith(`${via}/`))),
    `${field}: ${via} is not for a gateway.`,
  );
  refuseIf(new Set(list).size < list.length, `${field}: an address is named twice.`);
  return { method, addresses: list, gateway: via };
}

/** Not unspecified, loopback, multicast or broadcast. */
function isUsable(address: string): boolean {
  return !/^(?:0\.|127\.|22[4-9]\.|2[345]\d\.|::1?$|ff)/.test(address);
}

function addressOf(text: string, field: string): string {
  const bytes = parseAddress(text);
  if (bytes === undefined)
    throw new OperationError('INVALID_ARGUMENT', `${field}: "${text.slice(0, 64)}" is not an IP address.`);
  return formatAddress(bytes);
}

function prefixOf(text: string, field: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix === undefined)
    throw new OperationError(
      'INVALID_ARGUMENT',
      `${field}: "${text.slice(0, 64)}" is not an address such as 192.0.2.5/24.`,
    );
  return prefix;
}

function atMost(list: readonly unknown[], most: number, field: string): void {
  refuseIf(list.length > most, `${field} must have at most ${most} entries.`);
}
