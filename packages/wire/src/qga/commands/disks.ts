import type { BlockDevice, DeviceAddress } from '@innkeeper/contract/agent';
import { InventoryServiceLite } from '@innkeeper/contract/agent-lite';
import { type JsonValue, object } from '../json-value.ts';
import { ask, type QgaCommand, type QgaSteps, simple } from '../qga-command.ts';
import { readTelemetry } from '../telemetry.ts';

const fromInventory = { needs: [InventoryServiceLite.listBlockDevices] };

/** guest-get-disks, guest-get-fsinfo and guest-get-diskstats. */
export const diskCommands: readonly QgaCommand[] = [
  simple('guest-get-disks', listDisks, fromInventory),
  simple('guest-get-fsinfo', listFilesystems, fromInventory),
  simple('guest-get-diskstats', listCounters, fromInventory),
];

const unknownPci = object({ domain: -1n, bus: -1n, slot: -1n, function: -1n });
const buses: readonly string[] = ['virtio', 'scsi', 'sata', 'ide', 'nvme', 'usb', 'mmc'];

function* listDisks(): QgaSteps<JsonValue> {
  const { devices } = yield* ask(InventoryServiceLite.listBlockDevices, {});
  return devices
    .filter(({ sizeBytes }) => sizeBytes !== undefined && sizeBytes > 0n)
    .map((device) => {
      const { name, partitionOf, dependencies, alias, address } = device;
      const isPartition = partitionOf !== '';
      return object({
        name: `/dev/${name}`,
        partition: isPartition,
        dependencies: (isPartition ? [partitionOf] : dependencies).map((each) => `/dev/${each}`),
        address: address === undefined || isPartition ? undefined : addressOf(address, device),
        alias: alias === '' ? undefined : alias,
      });
    });
}

/** One entry a device: bind mounts are left out. */
function* listFilesystems(): QgaSteps<JsonValue> {
  const { mounts } = yield* readTelemetry();
  const { devices } = yield* ask(InventoryServiceLite.listBlockDevices, {});
  const byName = new Map(devices.map((device) => [device.name, device]));
  const byAlias = new Map(devices.filter(({ alias }) => alias !== '').map((device) => [device.alias, device]));
  const seen = new Set<string>();
  return mounts.flatMap(({ device, mountPoint, filesystem, totalBytes, usedBytes, availableBytes }) => {
    if (!device.startsWith('/dev/')) return [];
    const name = device.slice(device.lastIndexOf('/') + 1);
    const found = byName.get(name) ?? byAlias.get(name);
    if (found === undefined || seen.has(found.name)) return [];
    seen.add(found.name);
    const hasFigures = totalBytes !== undefined && usedBytes !== undefined && availableBytes !== undefined;
    return [
      object({
        name: found.name,
        mountpoint: mountPoint,
        type: filesystem,
        'used-bytes': hasFigures ? usedBytes : undefined,
        'total-bytes': hasFigures ? usedBytes + availableBytes : undefined,
        'total-bytes-privileged': hasFigures ? totalBytes : undefined,
        disk: disksOf(found, byName),
      }),
    ];
  });
}

/** The hardware on which a device lies. */
function disksOf(device: BlockDevice, byName: ReadonlyMap<string, BlockDevice>, depth = 0): JsonValue[] {
  const { address, dependencies } = device;
  if (address !== undefined) return [addressOf(address, device)];
  if (depth > 8) return [];
  return dependencies.flatMap((name) => {
    const below = byName.get(name);
    return below === undefined ? [] : disksOf(below, byName, depth + 1);
  });
}

function addressOf(address: DeviceAddress, { name, serial }: BlockDevice): JsonValue {
  const { bus, pci, channel, target, unit } = address;
  return object({
    'bus-type': buses.includes(bus) ? bus : 'unknown',
    bus: BigInt(channel),
    target: BigInt(target),
    unit: BigInt(unit),
    'pci-controller':
      pci === undefined
        ? unknownPci
        : object({
            domain: BigInt(pci.domain),
            bus: BigInt(pci.bus),
            slot: BigInt(pci.slot),
            function: BigInt(pci.function),
          }),
    serial: serial === '' ? undefined : serial,
    dev: `/dev/${name}`,
  });
}

function* listCounters(): QgaSteps<JsonValue> {
  const { devices } = yield* ask(InventoryServiceLite.listBlockDevices, {});
  return devices.flatMap(({ name, major, minor, counters }) =>
    counters === undefined
      ? []
      : [
          object({
            name,
            major: BigInt(major),
            minor: BigInt(minor),
            stats: object({
              'read-ios': counters.readIos,
              'read-merges': counters.readMerges,
              'read-sectors': counters.readSectors,
              'read-ticks': counters.readTicksMs,
              'write-ios': counters.writeIos,
              'write-merges': counters.writeMerges,
              'write-sectors': counters.writeSectors,
              'write-ticks': counters.writeTicksMs,
              'ios-pgr': counters.iosInProgress,
              'total-ticks': counters.totalTicksMs,
              'weight-ticks': counters.weightedTicksMs,
              'discard-ios': counters.discardIos,
              'discard-merges': counters.discardMerges,
              'discard-sectors': counters.discardSectors,
              'discard-ticks': counters.discardTicksMs,
              'flush-ios': counters.flushIos,
              'flush-ticks': counters.flushTicksMs,
            }),
          }),
        ],
  );
}
