import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Mount, NetworkInterface, Telemetry } from '@innkeeper/contract/agent';
import type { DiskUsageSchema, InterfaceInfoSchema } from '@innkeeper/contract/agent-message';
import { InterfaceState, TelemetryReportLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageTelemetryTag } from '@innkeeper/contract/agent-message-tags';
import { liteEncode } from '@innkeeper/contract/lite';
import type { AgentMessageReply } from './reply.ts';

/** A Telemetry report as telemetry. Unknown values are 0, since the message cannot express absence. */
export function telemetryEvent(telemetry: Telemetry, hostname: string): AgentMessageReply {
  const { cpu, memory, load } = telemetry;
  const swapTotal = memory?.swapTotalBytes ?? 0n;
  const report = {
    cpuUsagePercent: cpu?.busyPercent ?? 0,
    memoryTotalBytes: memory?.totalBytes ?? 0n,
    memoryUsedBytes: memory?.usedBytes ?? 0n,
    memoryAvailableBytes: memory?.availableBytes ?? 0n,
    swapTotalBytes: swapTotal,
    swapUsedBytes: swapTotal - (memory?.swapFreeBytes ?? swapTotal),
    disks: telemetry.mounts.filter((mount) => mount.totalBytes !== undefined).map(diskUsage),
    interfaces: telemetry.interfaces.map(interfaceInfo),
    loadAvg1: load?.oneMinute ?? 0,
    loadAvg5: load?.fiveMinutes ?? 0,
    loadAvg15: load?.fifteenMinutes ?? 0,
    processCount: telemetry.processCount ?? 0,
    uptimeSeconds: telemetry.uptimeSeconds ?? 0n,
    hostname,
  };
  return { tag: agentMessageTelemetryTag, parts: [liteEncode(TelemetryReportLite, report)] };
}

function diskUsage(mount: Mount): MessageInitShape<typeof DiskUsageSchema> {
  const usedBytes = mount.usedBytes ?? 0n;
  const availableBytes = mount.availableBytes ?? 0n;
  // As in df: relative to the usable space, without blocks reserved for root.
  const usableBytes = Number(usedBytes + availableBytes);
  return {
    mountPoint: mount.mountPoint,
    filesystem: mount.filesystem,
    device: mount.device,
    totalBytes: mount.totalBytes ?? 0n,
    usedBytes,
    availableBytes,
    usagePercent: usableBytes === 0 ? 0 : (Number(usedBytes) / usableBytes) * 100,
  };
}

function interfaceInfo(link: NetworkInterface): MessageInitShape<typeof InterfaceInfoSchema> {
  const addresses = link.addresses.map(({ address }) => address);
  return {
    name: link.name,
    macAddress: link.macAddress,
    ipv4Addresses: addresses.filter((address) => !address.includes(':')),
    ipv6Addresses: addresses.filter((address) => address.includes(':')),
    state: link.up ? InterfaceState.UP : InterfaceState.DOWN,
    mtu: link.mtu ?? 0,
    rxBytes: link.rxBytes ?? 0n,
    txBytes: link.txBytes ?? 0n,
    rxPackets: link.rxPackets ?? 0n,
    txPackets: link.txPackets ?? 0n,
  };
}
