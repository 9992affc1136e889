import type { MessageInitShape } from '@bufbuild/protobuf';
import type { InterfaceKind, NetworkInterfaceSchema } from '@innkeeper/contract/agent';
import type { Host, InterfaceAddressRow } from '../host.ts';
import { addressScope } from './address-scope.ts';
import { interfaceKind } from './interface-kind.ts';
import { readTrimmed } from './read-trimmed.ts';

export type InterfaceInit = MessageInitShape<typeof NetworkInterfaceSchema> & {
  readonly name: string;
  readonly kind: InterfaceKind;
};

const maxInterfaces = 256;
const counters = [
  ['rxBytes', 'rx_bytes'],
  ['txBytes', 'tx_bytes'],
  ['rxPackets', 'rx_packets'],
  ['txPackets', 'tx_packets'],
  ['rxErrors', 'rx_errors'],
  ['txErrors', 'tx_errors'],
  ['rxDropped', 'rx_dropped'],
  ['txDropped', 'tx_dropped'],
] as const;

/** Every interface of /sys/class/net (Documentation/ABI/testing/sysfs-class-net) with its addresses. */
export function sampleInterfaces(host: Host): InterfaceInit[] {
  const addresses = host.network.addresses();
  return listInterfaces(host).map((name) =>
    sampleOne(
      host,
      name,
      addresses.filter((row) => row.interface === name),
    ),
  );
}

function listInterfaces(host: Host): string[] {
  try {
    return host.files.readDirectory('/sys/class/net', maxInterfaces).sort();
  } catch {
    // ENOENT: a guest without network support, or without sysfs.
    return [];
  }
}

function sampleOne(host: Host, name: string, rows: readonly InterfaceAddressRow[]): InterfaceInit {
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
    ...readCounters(host, folder),
    master: master ?? '',
  };
}

function readCounters(host: Host, folder: string): Partial<Record<(typeof counters)[number][0], bigint>> {
  const values: Partial<Record<(typeof counters)[number][0], bigint>> = {};
  for (const [field, file] of counters) {
    const text = readTrimmed(host, `${folder}/statistics/${file}`);
    if (text !== undefined && /^\d+$/.test(text)) values[field] = BigInt(text);
  }
  return values;
}

function linkName(host: Host, path: string): string | undefined {
  try {
    return host.files.readLink(path).split('/').at(-1);
  } catch {
    // ENOENT: belongs to no bridge or bond.
    return undefined;
  }
}
