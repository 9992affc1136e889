import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Disk, Inventory, NetworkCard, Telemetry } from '@innkeeper/contract/agent';
import { InventoryServiceLite, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import type {
  DiskInfoSchema,
  HardwareInfoSchema,
  NetworkAdapterInfoSchema,
  PartitionInfoSchema,
} from '@innkeeper/contract/agent-message';
import { GetHardwareInfoResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageHardwareInfoResponseTag } from '@innkeeper/contract/agent-message-tags';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import type { AgentMessageCall } from './reply.ts';
import { timestampOf } from './timestamp.ts';
import { unaryCall } from './unary-call.ts';

const { get } = InventoryServiceLite;
const { watch } = TelemetryServiceLite;
const nsPerSecond = 1_000_000_000n;

/**
 * get_hardware_info to Get of the inventory, and one report of Watch for what is mounted and the memory that is free. What
 * the guest does not know stays empty or 0. Everything is sent, whatever details the request asks for.
 */
export function hardwareInfoCall(): AgentMessageCall {
  let telemetry: Telemetry | undefined;
  const first = unaryCall({
    method: get,
    request: () => ({}),
    tag: agentMessageHardwareInfoResponseTag,
    response: GetHardwareInfoResponseLite,
    answer: (found) => ({ success: true, hardware: hardwareInfo(found, telemetry) }),
  });
  const second: AgentMessageCall = {
    method: watch.name,
    timeoutMs: get.timeoutMs,
    requests: () => [liteEncode(watch.input, { once: true })],
    take: (body) => {
      telemetry = liteDecode(watch.output, body);
      return true;
    },
    // Without a report, the inventory is sent alone.
    finish: () => first.finish(undefined),
  };
  return { ...first, next: () => second };
}

function hardwareInfo(found: Inventory, report: Telemetry | undefined): MessageInitShape<typeof HardwareInfoSchema> {
  const { architecture, hostname } = found;
  const bootNs =
    report?.uptimeSeconds === undefined ? undefined : report.wallTimeUnixNs - report.uptimeSeconds * nsPerSecond;
  return {
    cpu: {
      model: found.cpuModel,
      cores: found.cpuCores ?? 0,
      threads: found.cpus ?? 0,
      architecture,
      vendor: found.cpuVendor,
      sockets: found.cpuSockets ?? 0,
    },
    memory: {
      totalBytes: found.memoryBytes ?? report?.memory?.totalBytes ?? 0n,
      availableBytes: report?.memory?.availableBytes ?? 0n,
    },
    disks: found.disks.map((disk) => diskInfo(disk, report)),
    networkAdapters: found.cards.map(adapterInfo),
    bios: {
      vendor: found.firmwareVendor,
      version: found.firmwareVersion,
      releaseDate: found.firmwareDate,
      systemManufacturer: found.vendor,
      systemProduct: found.product,
      systemSerial: found.serial,
      systemUuid: found.uuid,
    },
    os: {
      name: found.osName,
      version: found.osVersion,
      kernel: found.kernel,
      architecture,
      hostname,
      ...(bootNs === undefined ? {} : { lastBoot: timestampOf(bootNs) }),
    },
  };
}

function diskInfo(disk: Disk, report: Telemetry | undefined): MessageInitShape<typeof DiskInfoSchema> {
  const device = `/dev/${disk.name}`;
  const { model, serial, rotational } = disk;
  return {
    device,
    model,
    serial,
    sizeBytes: disk.sizeBytes ?? 0n,
    diskType: rotational === undefined ? '' : rotational ? 'hdd' : 'ssd',
    interface: disk.virtio === '' ? '' : 'virtio',
    isVirtual: disk.virtio !== '',
    partitions: mountedOn(device, report),
  };
}

/** File systems that are mounted from a disk or its partitions: /dev/vda of vda1, /dev/nvme0n1 of nvme0n1p1. */
function mountedOn(disk: string, report: Telemetry | undefined): MessageInitShape<typeof PartitionInfoSchema>[] {
  const isOnDisk = (device: string): boolean =>
    device.startsWith(disk) && /^(?:p?\d+)?$/.test(device.slice(disk.length));
  const mounts = report?.mounts.filter(({ device }) => isOnDisk(device)) ?? [];
  return mounts.map(({ device, mountPoint, filesystem, totalBytes = 0n, usedBytes = 0n }) => ({
    device,
    mountPoint,
    filesystem,
    sizeBytes: totalBytes,
    usedBytes,
  }));
}

function adapterInfo(card: NetworkCard): MessageInitShape<typeof NetworkAdapterInfoSchema> {
  const { name, macAddress, driver, pciAddress } = card;
  return {
    name,
    macAddress,
    adapterType: 'ethernet',
    speedMbps: card.speedMbps ?? 0,
    isVirtual: card.virtio !== '',
    driver,
    pciAddress,
  };
}
