import type { NetworkInterface, Telemetry } from '@innkeeper/contract/agent';
import { InterfaceKind, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { type JsonCall, jsonErrorReply, okReply } from './reply.ts';

const method = TelemetryServiceLite.watch;
const mib = 1024n * 1024n;

/** report_status to one report of Watch. What is not known is 0: the dialect has no word for it. */
export function reportStatusCall(): JsonCall {
  let report: Telemetry | undefined;
  return {
    method: method.name,
    timeoutMs: 30_000,
    requests: () => [liteEncode(method.input, { once: true })],
    take: (body) => {
      report = liteDecode(method.output, body);
      return true;
    },
    finish: (error) => (report === undefined || error !== undefined ? failed(error) : okReply(statusOf(report))),
  };
}

function failed(error: Parameters<typeof jsonErrorReply>[0] | undefined) {
  return error === undefined ? okReply({}) : jsonErrorReply(error);
}

/** Sizes are whole MiB and GiB; the disk is the root; traffic is that of all cards. */
function statusOf({ uptimeSeconds = 0n, cpu, memory, load, mounts, interfaces }: Telemetry) {
  const root = mounts.find(({ mountPoint }) => mountPoint === '/');
  const cards = interfaces.filter(({ kind }) => kind === InterfaceKind.PHYSICAL);
  const links = cards.length > 0 ? cards : interfaces.filter(({ kind }) => kind !== InterfaceKind.LOOPBACK);
  return {
    uptime_secs: Number(uptimeSeconds),
    memory_total_mb: Number((memory?.totalBytes ?? 0n) / mib),
    memory_used_mb: Number((memory?.usedBytes ?? 0n) / mib),
    disk_total_gb: Number((root?.totalBytes ?? 0n) / (1024n * mib)),
    disk_used_gb: Number((root?.usedBytes ?? 0n) / (1024n * mib)),
    cpu_usage_percent: cpu?.busyPercent ?? 0,
    network_rx_bytes: sum(links, ({ rxBytes }) => rxBytes),
    network_tx_bytes: sum(links, ({ txBytes }) => txBytes),
    load_avg_1m: load?.oneMinute ?? 0,
  };
}

function sum(links: readonly NetworkInterface[], bytesOf: (link: NetworkInterface) => bigint | undefined): number {
  return links.reduce((total, link) => total + Number(bytesOf(link) ?? 0n), 0);
}
