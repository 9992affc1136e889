import type { MessageInitShape } from '@bufbuild/protobuf';
import type { BlockCountersSchema, BlockDeviceSchema, DeviceAddressSchema } from '@innkeeper/contract/agent';
import type { Host } from '../host.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { withoutUndefined } from '../telemetry/without-undefined.ts';

const folder = '/sys/class/block';
const maxDevices = 1024;
const maxTextChars = 256;
const maxStatsBytes = 256 * 1024;

type Device = MessageInitShape<typeof BlockDeviceSchema> & { readonly name: string };

/** Disks and partitions, also virtual ones, by name. */
export function listBlockDevices(host: Host): Device[] {
  const counters = readCounters(host);
  return namesIn(host, folder)
    .sort()
    .slice(0, maxDevices)
    .map((name) => {
      const path = `${folder}/${name}`;
      const text = (file: string): string => readTrimmed(host, `${path}/${file}`, maxTextChars) ?? '';
      const [major = 0, minor = 0] = text('dev').split(':').map(Number);
      const target = linkOf(host, path);
      const isPartition = text('partition') !== '';
      // The disk's folder is the one in which the partition's is.
      const disk = isPartition ? (target.split('/').at(-2) ?? '') : name;
      const sectors = text('size');
      const diskText = (file: string): string => readTrimmed(host, `${folder}/${disk}/${file}`, maxTextChars) ?? '';
      return withoutUndefined({
        name,
        major: major || 0,
        minor: minor || 0,
        partitionOf: isPartition ? disk : '',
        dependencies: namesIn(host, `${path}/slaves`).sort(),
        address: addressOf(target),
        alias: text('dm/name'),
        // The kernel counts in units of 512 bytes, whatever the disk's sectors are.
        sizeBytes: /^\d{1,15}$/.test(sectors) ? BigInt(sectors) * 512n : undefined,
        serial: diskText('serial') || diskText('device/serial'),
        counters: counters.get(name),
      });
    });
}

/** Where a device is attached, by the way to it in the tree of devices; undefined for virtual ones. */
function addressOf(target: string): MessageInitShape<typeof DeviceAddressSchema> | undefined {
  if (!target.includes('/devices/') || target.includes('/virtual/')) return undefined;
  const [, domain, bus, slot, func] = /.*\/([0-9a-f]{4,}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])\//.exec(target) ?? [];
  const hex = (text: string | undefined): number => Number.parseInt(text ?? '0', 16);
  const pci =
    domain === undefined ? undefined : { domain: hex(domain), bus: hex(bus), slot: hex(slot), function: hex(func) };
  const [, channel, scsiTarget, unit] = /\/target[\d:]+\/\d+:(\d+):(\d+):(\d+)\//.exec(target) ?? [];
  return withoutUndefined({
    bus: busOf(target),
    pci,
    channel: Number(channel ?? 0),
    target: Number(scsiTarget ?? 0),
    unit: Number(unit ?? 0),
  });
}

function busOf(target: string): string {
  if (target.includes('/usb')) return 'usb';
  if (/\/nvme\d/.test(target)) return 'nvme';
  if (target.includes('/mmc_host')) return 'mmc';
  if (/\/ata\d+\//.test(target)) return 'sata';
  if (/\/ide\d+\//.test(target)) return 'ide';
  if (/\/target[\d:]+\//.test(target)) return 'scsi';
  return /\/virtio\d+\//.test(target) ? 'virtio' : '';
}

function readCounters(host: Host): ReadonlyMap<string, MessageInitShape<typeof BlockCountersSchema>> {
  const rows = new Map<string, MessageInitShape<typeof BlockCountersSchema>>();
  for (const line of (readTrimmed(host, '/proc/diskstats', maxStatsBytes) ?? '').split('\n')) {
    const [, , name, ...texts] = line.trim().split(/\s+/);
    const n = texts.map((text) => (/^\d{1,20}$/.test(text) ? BigInt(text) : undefined));
    if (name === undefined || n.length < 11) continue;
    const [readIos, readMerges, readSectors, readTicksMs, writeIos, writeMerges, writeSectors, writeTicksMs] = n;
    const [iosInProgress, totalTicksMs, weightedTicksMs, discardIos, discardMerges, discardSectors] = n.slice(8);
    const [discardTicksMs, flushIos, flushTicksMs] = n.slice(14);
    rows.set(
      name,
      withoutUndefined({
        readIos,
        readMerges,
        readSectors,
        readTicksMs,
        writeIos,
        writeMerges,
        writeSectors,
        writeTicksMs,
        iosInProgress,
        totalTicksMs,
        weightedTicksMs,
        discardIos,
        discardMerges,
        discardSectors,
        discardTicksMs,
        flushIos,
        flushTicksMs,
      }),
    );
  }
  return rows;
}

function namesIn(host: Host, path: string): string[] {
  try {
    return host.files.readDirectory(path, 4096);
  } catch {
    // ENOENT: this kernel, or this device, has none.
    return [];
  }
}

function linkOf(host: Host, path: string): string {
  try {
    return host.files.readLink(path);
  } catch {
    // EINVAL, ENOENT: not a device.
    return '';
  }
}
