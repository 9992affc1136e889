import type { SyncClockResponse } from '@innkeeper/contract/agent';
import { SystemServiceLite } from '@innkeeper/contract/agent-lite';
import type { SyncTimeRequest } from '@innkeeper/contract/agent-message';
import { SyncTimeResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageSyncTimeResponseTag } from '@innkeeper/contract/agent-message-tags';
import { OperationError } from '@innkeeper/contract/errors';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { errorText } from './error-text.ts';
import type { AgentMessageCall } from './reply.ts';

const method = SystemServiceLite.syncClock;
const nsPerSecond = 1_000_000_000n;

/** sync_time to SyncClock. `force` changes nothing: the clock is always set. */
export function syncTimeCall({ setTime }: SyncTimeRequest): AgentMessageCall {
  let answer: SyncClockResponse | undefined;
  return {
    method: method.name,
    timeoutMs: 60_000,
    requests: () => {
      // Beyond what nanoseconds can express, it is refused like a time before 1970.
      const seconds = setTime === undefined || setTime.seconds > 9_000_000_000n ? -1n : setTime.seconds;
      const setUnixNs = setTime === undefined ? undefined : seconds * nsPerSecond + BigInt(setTime.nanos);
      return [liteEncode(method.input, setUnixNs === undefined ? {} : { setUnixNs })];
    },
    take: (body) => {
      answer = liteDecode(method.output, body);
      return false;
    },
    finish: (error) => ({
      tag: agentMessageSyncTimeResponseTag,
      parts: [liteEncode(SyncTimeResponseLite, responseOf(answer, setTime !== undefined, error))],
    }),
  };
}

/** The offset is what the clock was off by, as far as it was moved. */
function responseOf(answer: SyncClockResponse | undefined, isGiven: boolean, error: OperationError | undefined) {
  if (answer === undefined || error !== undefined) return { error: errorText(error) };
  const { wallTimeUnixNs: now, movedNs, service, synchronized, detail } = answer;
  const why =
    service === ''
      ? 'This guest has no time service, and set_time is not given.'
      : `${service} could not set the clock: ${detail || 'it has no source that answers'}.`;
  const success = isGiven || synchronized;
  return {
    success,
    // Not -0, which would be sent.
    offsetSeconds: 0 - Number(movedNs) / 1e9,
    currentTime: { seconds: now / nsPerSecond, nanos: Number(now % nsPerSecond) },
    timeSource: isGiven ? 'manual' : service,
    error: success ? '' : errorText(new OperationError('UNSUPPORTED_BY_AGENT', why)),
  };
}
