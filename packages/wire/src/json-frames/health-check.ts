import type { System, Telemetry } from '@innkeeper/contract/agent';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { type JsonCall, jsonErrorReply, okReply } from './reply.ts';

const { getSystem, watch } = TelemetryServiceLite;

/** health_check to GetSystem and the first report of Watch. */
export function healthCheckCall(): JsonCall {
  let system: System | undefined;
  let telemetry: Telemetry | undefined;
  const second: JsonCall = {
    method: watch.name,
    timeoutMs: getSystem.timeoutMs,
    requests: () => [liteEncode(watch.input, {})],
    take: (body) => {
      telemetry = liteDecode(watch.output, body);
      return true;
    },
    finish: (error) =>
      error === undefined
        ? okReply({ uptime_secs: Number(telemetry?.uptimeSeconds ?? 0n), hostname: system?.hostname ?? '' })
        : jsonErrorReply(error),
  };
  return {
    method: getSystem.name,
    timeoutMs: getSystem.timeoutMs,
    requests: () => [liteEncode(getSystem.input, {})],
    take: (body) => {
      system = liteDecode(getSystem.output, body);
      return false;
    },
    next: () => second,
    finish: second.finish,
  };
}
