import type { PingResponse } from '@innkeeper/contract/agent';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { type HttpCall, jsonReply } from './reply.ts';

const method = TelemetryServiceLite.ping;

/** GET /health to Ping. */
export function healthCall(unixSeconds: number): HttpCall {
  let answer: PingResponse | undefined;
  return {
    method: method.name,
    timeoutMs: method.timeoutMs,
    requests: () => [liteEncode(method.input, {})],
    take: (body) => {
      answer = liteDecode(method.output, body);
      return false;
    },
    finish: (error) =>
      error === undefined
        ? jsonReply(200, { status: 'healthy', timestamp: unixSeconds, version: answer?.agentVersion ?? '' })
        : jsonReply(503, { status: 'unhealthy', error: error.message }),
  };
}
