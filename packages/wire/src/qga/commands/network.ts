import type { NetworkInterface, Route } from '@innkeeper/contract/agent';
import { InterfaceKind, InventoryServiceLite } from '@innkeeper/contract/agent-lite';
import { type JsonValue, object } from '../json-value.ts';
import { ask, type QgaCommand, type QgaSteps, simple } from '../qga-command.ts';
import { readTelemetry } from '../telemetry.ts';

/** guest-network-get-interfaces and guest-network-get-route. */
export const networkCommands: readonly QgaCommand[] = [
  simple('guest-network-get-interfaces', function* () {
    const { interfaces } = yield* readTelemetry();
    return interfaces.map(interfaceOf);
  }),
  simple('guest-network-get-route', readRoutes, { needs: [InventoryServiceLite.get] }),
];

/** As in qemu-ga, there are statistics only with an address. */
function interfaceOf(each: NetworkInterface): JsonValue {
  const { name, kind, macAddress, addresses } = each;
  const hasAddresses = addresses.length > 0;
  // The kernel gives the loopback interface an address of zeros, which the agent does not call one.
  const mac = macAddress === '' && kind === InterfaceKind.LOOPBACK ? '00:00:00:00:00:00' : macAddress;
  return object({
    name,
    'hardware-address': mac === '' ? undefined : mac,
    'ip-addresses': hasAddresses
      ? addresses.map(({ address, prefixLength }) =>
          object({
            'ip-address': address,
            'ip-address-type': address.includes(':') ? 'ipv6' : 'ipv4',
            prefix: BigInt(prefixLength),
          }),
        )
      : undefined,
    statistics:
      hasAddresses && each.rxBytes !== undefined
        ? object({
            'rx-bytes': each.rxBytes,
            'rx-packets': each.rxPackets ?? 0n,
            'rx-errs': each.rxErrors ?? 0n,
            'rx-dropped': each.rxDropped ?? 0n,
            'tx-bytes': each.txBytes ?? 0n,
            'tx-packets': each.txPackets ?? 0n,
            'tx-errs': each.txErrors ?? 0n,
            'tx-dropped': each.txDropped ?? 0n,
          })
        : undefined,
  });
}

function* readRoutes(): QgaSteps<JsonValue> {
  const { routes } = yield* ask(InventoryServiceLite.get, { allRoutes: true });
  return routes.map(routeOf);
}

function routeOf(route: Route): JsonValue {
  const [destination = '', length = '0'] = route.destination.split('/');
  const isV6 = destination.includes(':');
  const common = {
    iface: route.interface,
    destination,
    metric: BigInt(route.metric),
    flags: BigInt(route.flags),
    refcnt: BigInt(route.references),
    use: BigInt(route.uses),
    version: isV6 ? 6n : 4n,
  };
  if (!isV6)
    return object({
      ...common,
      gateway: route.gateway === '' ? '0.0.0.0' : route.gateway,
      mask: maskOf(Number(length)),
      mtu: optional(route.mtu),
      window: optional(route.window),
      irtt: optional(route.irtt),
    });
  const [source = '::', sourceLength = '0'] = route.source.split('/');
  return object({
    ...common,
    desprefixlen: length,
    source: source === '' ? '::' : source,
    srcprefixlen: sourceLength,
    nexthop: route.gateway === '' ? '::' : route.gateway,
  });
}

function optional(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}

function maskOf(length: number): string {
  return [0, 8, 16, 24].map((from) => 256 - 2 ** (8 - Math.min(8, Math.max(0, length - from)))).join('.');
}
