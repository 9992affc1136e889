import type { MessageInitShape } from '@bufbuild/protobuf';
import type { InterfaceKind, NetworkInterfaceSchema } from '@innkeeper/contract/agent';
import type { Host, InterfaceAddressRow, InterfaceCounters } from '../host.ts';
import { addressScope } from './address-scope.ts';
import { interfaceKind } from './interface-kind.ts';
import { readTrimmed } from './read-trimmed.ts';

export type InterfaceInit = MessageInitShape<typeof NetworkInterfaceSchema> & {
  readonly name: string;
  readonly kind: InterfaceKind;
};

const maxInterfaces = 256;

/**
 * Every interface in /sys/class/net (Documentation/ABI/testing/sysfs-class-net) with its addresses, without counters:
 * only what the kernel reports changes of (rtnetlink).
 */
export function describeInterfaces(host: Host): InterfaceInit[] {
  const addresses = host.network.addresses();
  return listInterfaces(host).map((name) =>
    describeOne(
      host,
      name,
      addresses.filter((row) => row.interface === name),
    ),
  );
}

/** The same interfaces with current traffic counters; one that was removed meanwhile has none. */
export function withCounters(host: Host, interfaces: readonly InterfaceInit[]): InterfaceInit[] {
  const counters = countersOf(host);
  return interfaces.map((each) => Object.assign({}, each, counters.get(each.name)));
}

function countersOf(host: Host): ReadonlyMap<string, InterfaceCounters> {
  try {
    return host.network.counters();
  } catch {
    // No netlink in this kernel or sandbox: unknown.
    return new Map();
  }
}

function listInterfaces(host: Host): string[] {
  try {
    return host.files.readDirectory('/sys/class/net', maxInterfaces).sort();
  } catch {
    // ENOENT: a guest without network support, or without sysfs.
    return [];
  }
}

function describeOne(host: Host, name: string, rows: readonly InterfaceAddressRow[]): InterfaceInit {
  const folder = `/sys/class/net/${name}`;
  const flags = Number.parseInt(readTrimmed(host, `${folder}/flags`) ?? '0', 16);
  const state = readTrimmed(host, `${folder}/operstate`);
  const mtu = readTrimmed(host, `${folder}/mtu`);
  const master = linkName(host, `${folder}/master`);
  return {
    name,
    kind: interfaceKind(host, name, flags),
    macAddress: readTrimmed(host, `${folder}/address`) ?? '',
    up: (flags & 1) !== 0 && (state === 'up' || state === 'unknown'),
    ...(mtu === undefined ? {} : { mtu: Number(mtu) }),
    addresses: rows.map((row) => ({
      address: row.address,
      prefixLength: row.prefixLength,
      scope: addressScope(row.address),
    })),
    master: master ?? '',
  };
}

function linkName(host: Host, path: string): string | undefined {
  try {
    return host.files.readLink(path).split('/').at(-1);
  } catch {
    // ENOENT: not part of a bridge or bond.
    return undefined;
  }
}
