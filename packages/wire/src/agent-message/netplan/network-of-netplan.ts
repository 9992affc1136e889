import type { MessageInitShape } from '@bufbuild/protobuf';
import type { SetNetworkRequestSchema } from '@innkeeper/contract/agent';
import { AddressMethod } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { parseYaml, type Yaml } from './parse-yaml.ts';

type Settings = MessageInitShape<typeof SetNetworkRequestSchema>;

const maxChars = 65_536;
/** Keys of an interface that change nothing here. */
const ignored = new Set(['optional', 'renderer', 'critical', 'wakeonlan']);

/**
 * The settings of the one Ethernet interface in a netplan configuration. What SetNetwork cannot express is refused, and
 * never left out.
 * @throws OperationError INVALID_ARGUMENT
 */
export function networkOfNetplan(config: string): Settings {
  if (config.length > maxChars) throw refused(`has more than ${maxChars} characters`);
  const network = mapOf(mapOf(parseYaml(config), 'the file').get('network') ?? '', 'network');
  for (const name of network.keys())
    if (!['version', 'renderer', 'ethernets'].includes(name)) throw refused(`has "${name}", which is not supported`);
  if ((network.get('version') ?? '2') !== '2') throw refused('must have version 2');
  const [[name, value] = ['', ''], ...others] = [...mapOf(network.get('ethernets') ?? '', 'ethernets')];
  if (name === '' || others.length > 0) throw refused('must have one interface in "ethernets"');
  return settingsOf(name, mapOf(value, name));
}

function settingsOf(name: string, settings: ReadonlyMap<string, Yaml>): Settings {
  const known = new Set(['dhcp4', 'dhcp6', 'addresses', 'gateway4', 'gateway6', 'routes', 'nameservers', 'mtu']);
  for (const each of settings.keys())
    if (!known.has(each) && !ignored.has(each)) throw refused(`has "${name}.${each}", which is not supported`);
  const addresses = textsOf(settings.get('addresses'), 'addresses');
  const gateways = [textOf(settings.get('gateway4'), 'gateway4'), textOf(settings.get('gateway6'), 'gateway6')];
  const routes: { readonly destination: string; readonly gateway: string; readonly metric: number }[] = [];
  for (const each of listOf(settings.get('routes'), 'routes')) {
    const route = mapOf(each, 'routes');
    for (const word of route.keys())
      if (!['to', 'via', 'metric'].includes(word)) throw refused(`has "routes.${word}", which is not supported`);
    const gateway = textOf(route.get('via'), 'via');
    const destination = textOf(route.get('to'), 'to');
    if (['default', '0.0.0.0/0', '::/0'].includes(destination)) gateways.push(gateway);
    else routes.push({ destination, gateway, metric: numberOf(route.get('metric'), 'metric') });
  }
  const servers = mapOf(settings.get('nameservers') ?? new Map(), 'nameservers');
  const family = (isIpv6: boolean, dhcp: string): Settings['ipv4'] => {
    const own = addresses.filter((address) => address.includes(':') === isIpv6);
    const [gateway = '', another] = gateways.filter((each) => each !== '' && each.includes(':') === isIpv6);
    if (another !== undefined) throw refused('has two default routes of a family');
    const isDhcp = isTrue(settings.get(dhcp), dhcp);
    // Router advertisements stay on beside IPv6 addresses, as netplan has it.
    const method = isIpv6 || own.length === 0 ? AddressMethod.UNSPECIFIED : AddressMethod.STATIC;
    return { method: isDhcp ? AddressMethod.DHCP : method, addresses: own, gateway };
  };
  return {
    interface: name,
    ipv4: family(false, 'dhcp4'),
    ipv6: family(true, 'dhcp6'),
    dns: textsOf(servers.get('addresses'), 'nameservers.addresses'),
    search: textsOf(servers.get('search'), 'nameservers.search'),
    mtu: numberOf(settings.get('mtu'), 'mtu'),
    routes,
  };
}

function refused(what: string): OperationError {
  return new OperationError('INVALID_ARGUMENT', `netplan_config ${what.slice(0, 200)}.`);
}

function mapOf(value: Yaml, name: string): ReadonlyMap<string, Yaml> {
  if (value instanceof Map) return value;
  throw refused(`must have settings in "${name}"`);
}

function listOf(value: Yaml | undefined, name: string): readonly Yaml[] {
  if (value === undefined || Array.isArray(value)) return value ?? [];
  throw refused(`must have a list in "${name}"`);
}

function textOf(value: Yaml | undefined, name: string): string {
  if (value === undefined || typeof value === 'string') return value ?? '';
  throw refused(`must have a text in "${name}"`);
}

function textsOf(value: Yaml | undefined, name: string): string[] {
  return listOf(value, name).map((each) => textOf(each, name));
}

function numberOf(value: Yaml | undefined, name: string): number {
  const text = textOf(value, name);
  if (!/^\d{0,9}$/.test(text)) throw refused(`must have a number in "${name}"`);
  return Number(text);
}

function isTrue(value: Yaml | undefined, name: string): boolean {
  const word = textOf(value, name).toLowerCase();
  if (['', 'no', 'false', 'off'].includes(word)) return false;
  if (['yes', 'true', 'on'].includes(word)) return true;
  throw refused(`must have true or false in "${name}"`);
}
