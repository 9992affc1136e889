import type { Telemetry } from '@innkeeper/contract/agent';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { type HttpCall, type HttpReply, jsonReply } from './reply.ts';

const method = TelemetryServiceLite.watch;
const kib = 1024n;
const prefix = 'innkeeper_guest';

/** GET /metrics to one report of Watch: JSON, or the text format of Prometheus for who accepts text. */
export function metricsCall(accept: string): HttpCall {
  let report: Telemetry | undefined;
  return {
    method: method.name,
    timeoutMs: 30_000,
    requests: () => [liteEncode(method.input, { once: true })],
    take: (body) => {
      report = liteDecode(method.output, body);
      return true;
    },
    finish: (error) => {
      if (report === undefined || error !== undefined)
        return jsonReply(503, { error: error?.message ?? 'There is no report.' });
      return wantsText(accept) ? textReply(report) : jsonReply(200, jsonFields(report));
    },
  };
}

function wantsText(accept: string): boolean {
  return /text\/plain|application\/openmetrics-text/i.test(accept) && !/application\/json/i.test(accept);
}

/** What the guest does not know is null. */
function jsonFields({ cpu, memory, load, uptimeSeconds, processCount }: Telemetry): Readonly<Record<string, unknown>> {
  const kilobytes = (bytes: bigint | undefined): number | null => (bytes === undefined ? null : Number(bytes / kib));
  return {
    cpu_usage_percent: cpu?.busyPercent ?? null,
    memory_usage_percent: memoryPercent(memory),
    memory_used_kb: kilobytes(memory?.usedBytes),
    memory_total_kb: kilobytes(memory?.totalBytes),
    memory_available_kb: kilobytes(memory?.availableBytes),
    uptime_seconds: uptimeSeconds === undefined ? null : Number(uptimeSeconds),
    load_average: load?.oneMinute ?? null,
    process_count: processCount ?? null,
  };
}

/** A whole number, as pollers of this format expect. */
function memoryPercent(memory: Telemetry['memory']): number | null {
  const { usedBytes, totalBytes } = memory ?? {};
  return usedBytes === undefined || !totalBytes ? null : Math.round((Number(usedBytes) / Number(totalBytes)) * 100);
}

function textReply({ cpu, memory, load, uptimeSeconds, processCount }: Telemetry): HttpReply {
  const rows = [
    ['cpu_usage_percent', 'Share of all CPUs that is busy, 0 to 100.', cpu?.busyPercent],
    ['memory_used_bytes', 'Memory in use: total less available.', memory?.usedBytes],
    ['memory_total_bytes', 'Memory of the guest.', memory?.totalBytes],
    ['memory_available_bytes', 'Memory that programs can still get.', memory?.availableBytes],
    ['uptime_seconds', 'Time since the guest started.', uptimeSeconds],
    ['load1', 'Load average of one minute.', load?.oneMinute],
    ['processes', 'Number of processes, without threads.', processCount],
  ] as const;
  const body = rows
    .filter(([, , value]) => value !== undefined)
    .map(([name, help, value]) => {
      const full = `${prefix}_${name}`;
      return `# HELP ${full} ${help}\n# TYPE ${full} gauge\n${full} ${value}\n`;
    })
    .join('');
  return { status: 200, contentType: 'text/plain; version=0.0.4; charset=utf-8', body };
}
