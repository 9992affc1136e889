import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import type { PingRequest } from '@innkeeper/contract/agent-message';
import { PongResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessagePongTag } from '@innkeeper/contract/agent-message-tags';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import type { AgentMessageCall } from './reply.ts';

const method = TelemetryServiceLite.ping;

/** ping to Ping. A pong cannot carry an error: after a failure it only has the sequence. */
export function pingCall(request: PingRequest): AgentMessageCall {
  const pong = { sequence: request.sequence, version: '', uptimeSeconds: 0n };
  return {
    method: method.name,
    timeoutMs: 10_000,
    requests: () => [liteEncode(method.input, { sequence: request.sequence })],
    take: (body) => {
      const answer = liteDecode(method.output, body);
      pong.version = answer.agentVersion;
      pong.uptimeSeconds = answer.agentUptimeSeconds;
      return false;
    },
    finish: () => ({ tag: agentMessagePongTag, parts: [liteEncode(PongResponseLite, pong)] }),
  };
}
