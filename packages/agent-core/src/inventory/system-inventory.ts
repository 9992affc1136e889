import type { MessageInitShape } from '@bufbuild/protobuf';
import type { DiskSchema, InventorySchema, NetworkCardSchema } from '@innkeeper/contract/agent';
import type { Host } from '../host.ts';
import { parseOsRelease } from '../telemetry/parse-os-release.ts';
import { readTrimmed } from '../telemetry/read-trimmed.ts';
import { withoutUndefined } from '../telemetry/without-undefined.ts';
import { readRoutes } from './routes.ts';

const maxDevices = 64;
const maxRoutes = 256;
/** Of a folder of /sys. */
const maxNames = 4096;
const maxTextChars = 256;
const dmi = '/sys/class/dmi/id';
const cpuFolder = '/sys/devices/system/cpu';

/** Everything that a guest knows about its hardware, its routes and its system. Unknown values are absent. */
export function systemInventory(host: Host, allRoutes = false): MessageInitShape<typeof InventorySchema> {
  const text = (path: string): string => textOf(host, path);
  const os = parseOsRelease(readTrimmed(host, '/etc/os-release') ?? readTrimmed(host, '/usr/lib/os-release') ?? '');
  const { nodename, release, machine } = host.system.uname();
  const cpuinfo = readTrimmed(host, '/proc/cpuinfo', 4096) ?? '';
  const cpuField = (name: string): string => new RegExp(`^${name}\\s*: (.+)$`, 'm').exec(cpuinfo)?.[1] ?? '';
  const memory = readTrimmed(host, '/proc/meminfo', 16_384) ?? '';
  const kib = (name: string): bigint | undefined => {
    const found = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(memory)?.[1];
    return found === undefined ? undefined : BigInt(found) * 1024n;
  };
  const [disks, disksLeft] = first(devices(host, '/sys/block'), maxDevices);
  const [cards, cardsLeft] = first(devices(host, '/sys/class/net'), maxDevices);
  const [routes, routesLeft] = first(readRoutes(host, allRoutes), maxRoutes);
  return withoutUndefined({
    hostname: nodename,
    osName: (os.get('PRETTY_NAME') ?? '').slice(0, maxTextChars),
    osId: (os.get('ID') ?? '').slice(0, maxTextChars),
    osVersion: (os.get('VERSION_ID') ?? '').slice(0, maxTextChars),
    kernel: release,
    architecture: machine,
    vendor: text(`${dmi}/sys_vendor`),
    product: text(`${dmi}/product_name`),
    productVersion: text(`${dmi}/product_version`),
    serial: text(`${dmi}/product_serial`),
    uuid: text(`${dmi}/product_uuid`),
    firmwareVendor: text(`${dmi}/bios_vendor`),
    firmwareVersion: text(`${dmi}/bios_version`),
    firmwareDate: text(`${dmi}/bios_date`),
    cpuModel: cpuField('model name').slice(0, maxTextChars),
    cpuVendor: cpuField('vendor_id').slice(0, maxTextChars),
    ...cpuCounts(host),
    memoryBytes: kib('MemTotal'),
    swapBytes: kib('SwapTotal'),
    disks: disks.map((device) => diskOf(host, device)),
    cards: cards.map((device) => cardOf(host, device)),
    routes,
    omitted: disksLeft + cardsLeft + routesLeft,
  });
}

interface Device {
  readonly name: string;
  readonly path: string;
  readonly pciAddress: string;
  readonly virtio: string;
}

/** Devices of hardware, by name: not loops, bridges and the like. */
function devices(host: Host, folder: string): Device[] {
  return namesIn(host, folder)
    .sort()
    .flatMap((name) => {
      const path = `${folder}/${name}`;
      const target = linkOf(host, path);
      if (!target.includes('/devices/') || target.includes('/virtual/')) return [];
      return [
        {
          name,
          path,
          // The last one is the device's own; those before are bridges on the way to it.
          pciAddress: /.*\/([0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\//.exec(target)?.[1] ?? '',
          virtio: /\/(virtio\d+)\//.exec(target)?.[1] ?? '',
        },
      ];
    });
}

function diskOf(host: Host, { path, ...device }: Device): MessageInitShape<typeof DiskSchema> {
  const text = (name: string): string => textOf(host, `${path}/${name}`);
  const sectors = numberOf(text('size'));
  return withoutUndefined({
    ...device,
    // The kernel counts in units of 512 bytes, whatever the disk's sectors are.
    sizeBytes: sectors === undefined ? undefined : BigInt(sectors) * 512n,
    vendor: device.virtio === '' ? text('device/vendor') : '',
    model: text('device/model'),
    serial: text('serial') || text('device/serial'),
    rotational: flagOf(text('queue/rotational')),
    readOnly: flagOf(text('ro')),
    removable: flagOf(text('removable')),
  });
}

function cardOf(host: Host, { path, ...device }: Device): MessageInitShape<typeof NetworkCardSchema> {
  const speed = numberOf(textOf(host, `${path}/speed`));
  return withoutUndefined({
    ...device,
    macAddress: textOf(host, `${path}/address`),
    driver: linkOf(host, `${path}/device/driver`).replace(/.*\//, ''),
    // 2^32 - 1: unknown, in kernels that do not refuse to read it.
    speedMbps: speed === 0 || speed === 0xffffffff ? undefined : speed,
  });
}

/** CPUs that are online, and the different cores and sockets that they are on. */
function cpuCounts(host: Host): { readonly cpus?: number; readonly cpuCores?: number; readonly cpuSockets?: number } {
  const online = textOf(host, `${cpuFolder}/online`);
  if (!/^[\d,-]+$/.test(online)) return {};
  const cpus: number[] = [];
  for (const range of online.split(',')) {
    const [from = Number.NaN, to = from] = range.split('-').map(Number);
    for (let cpu = from; cpu <= to && cpus.length < maxNames; cpu++) cpus.push(cpu);
  }
  const cores = new Set<string>();
  const sockets = new Set<string>();
  for (const cpu of cpus) {
    const socket = textOf(host, `${cpuFolder}/cpu${cpu}/topology/physical_package_id`);
    const core = textOf(host, `${cpuFolder}/cpu${cpu}/topology/core_id`);
    // -1: the platform does not say.
    if (socket === '' || core === '' || socket === '-1') return { cpus: cpus.length };
    sockets.add(socket);
    cores.add(`${socket}/${core}`);
  }
  return { cpus: cpus.length, cpuCores: cores.size, cpuSockets: sockets.size };
}

function first<T>(all: readonly T[], most: number): [kept: T[], left: number] {
  return [all.slice(0, most), Math.max(all.length - most, 0)];
}

function numberOf(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function flagOf(text: string): boolean | undefined {
  return text === '' ? undefined : text !== '0';
}

function textOf(host: Host, path: string): string {
  return readTrimmed(host, path, maxTextChars) ?? '';
}

function namesIn(host: Host, folder: string): string[] {
  try {
    return host.files.readDirectory(folder, maxNames);
  } catch {
    // ENOENT: this kernel has no such devices.
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
