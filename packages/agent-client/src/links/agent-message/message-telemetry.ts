import { InterfaceKind } from '@innkeeper/contract/agent';
import type { DiskUsage, InterfaceInfo, TelemetryReport } from '@innkeeper/contract/agent-message';
import { InterfaceState } from '@innkeeper/contract/agent-message-lite';
import { present } from '../foreign/fields.ts';
import type { ForeignTelemetry } from '../foreign/foreign-agent.ts';
import { primaryAddressesOf } from '../foreign/primary-addresses.ts';

/** Most entries of a list that are looked at. */
const maxEntries = 256;

/**
 * A report. The dialect writes 0 for what it does not know, so a total of 0 is unknown, as are the parts of it; so is 0
 * for figures that are never 0 in a guest that runs.
 */
export function messageTelemetry(report: TelemetryReport): ForeignTelemetry {
  const { memoryTotalBytes: memory, swapTotalBytes: swap, swapUsedBytes: swapUsed } = report;
  const nics = report.interfaces.slice(0, maxEntries).map(interfaceOf);
  const loads = [report.loadAvg1, report.loadAvg5, report.loadAvg15];
  return {
    cpu: { busyPercent: report.cpuUsagePercent },
    ...(memory === 0n
      ? {}
      : {
          memory: {
            totalBytes: memory,
            usedBytes: report.memoryUsedBytes,
            availableBytes: report.memoryAvailableBytes,
            ...(swap === 0n || swapUsed > swap ? {} : { swapTotalBytes: swap, swapFreeBytes: swap - swapUsed }),
          },
        }),
    ...(loads.every((load) => load === 0)
      ? {}
      : { load: { oneMinute: report.loadAvg1, fiveMinutes: report.loadAvg5, fifteenMinutes: report.loadAvg15 } }),
    ...present({
      processCount: report.processCount === 0 ? undefined : report.processCount,
      uptimeSeconds: report.uptimeSeconds === 0n ? undefined : report.uptimeSeconds,
    }),
    mounts: report.disks.slice(0, maxEntries).map(mountOf),
    interfaces: nics,
    primaryAddresses: primaryAddressesOf(nics),
  };
}

function mountOf({ mountPoint, device, filesystem, totalBytes, usedBytes, availableBytes }: DiskUsage) {
  const figures = totalBytes === 0n ? {} : { totalBytes, usedBytes, availableBytes };
  return { mountPoint, device, filesystem, ...figures };
}

function interfaceOf(each: InterfaceInfo) {
  const { name, macAddress, mtu, rxBytes, txBytes, rxPackets, txPackets } = each;
  const addresses = [...each.ipv4Addresses, ...each.ipv6Addresses].slice(0, maxEntries);
  return {
    name,
    macAddress,
    kind: name === 'lo' ? InterfaceKind.LOOPBACK : InterfaceKind.UNSPECIFIED,
    up: each.state === InterfaceState.UP,
    addresses: addresses.map((address) => ({ address: address.replace(/\/.*/, '') })),
    ...present({ mtu: mtu === 0 ? undefined : mtu }),
    ...(rxBytes === 0n && txBytes === 0n ? {} : { rxBytes, txBytes, rxPackets, txPackets }),
  };
}
