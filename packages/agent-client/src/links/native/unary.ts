import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { Welcome } from '@innkeeper/contract/agent';
import { OperationError } from '@innkeeper/contract/errors';
import type { LiteMethod } from '@innkeeper/contract/lite';
import { linkSignals, onAbort } from '@innkeeper/kit';
import type { CallOptions } from '../../agent-link.ts';
import type { LinkClock } from '../../clock.ts';
import type { LinkSessions } from './link-sessions.ts';
import { SessionLostError } from './session/session-lost-error.ts';
import { openCall } from './session/typed-call.ts';

const defaultTimeoutMs = 30_000;

/**
 * One question, one answer. A method that may be repeated is asked again in the next session, within the deadline, when the
 * first was lost. Rejects with AGENT_UNREACHABLE when no session was open in time, UNSUPPORTED_BY_AGENT.
 */
export async function ask<I extends DescMessage, O extends DescMessage>(
  sessions: LinkSessions,
  clock: LinkClock,
  method: LiteMethod<I, O>,
  request: MessageInitShape<I>,
  options: CallOptions = {},
): Promise<MessageShape<O>> {
  const timeoutMs = options.timeoutMs ?? (method.timeoutMs === 0 ? defaultTimeoutMs : method.timeoutMs);
  return await withDeadline(clock, { ...options, timeoutMs }, async (signal, leftMs) => {
    for (;;) {
      const open = await sessions.ready(signal);
      requireCapability(open.welcome, method);
      const { session } = open;
      try {
        const call = openCall(session, method, request, { timeoutMs: leftMs() });
        const untie = onAbort(signal, (reason) => call.raw.cancel(reason));
        try {
          const answer = await call.next();
          if (answer === undefined)
            throw new OperationError('GUEST_MISBEHAVES', `${method.name} ended without an answer.`);
          return answer;
        } finally {
          untie();
          call.raw.cancel(undefined);
        }
      } catch (error) {
        if (!(error instanceof SessionLostError)) throw error;
        if (!method.isRepeatable)
          throw new OperationError(
            'AGENT_UNREACHABLE',
            `The agent was lost during ${method.name}, which may have been carried out: ${error.message}`,
            { cause: error },
          );
      }
    }
  });
}

/** Throws UNSUPPORTED_BY_AGENT, naming what is missing and what the agent is. */
export function requireCapability({ capabilities, agentVersion }: Welcome, method: LiteMethod): void {
  if (capabilities.includes(method.capability)) return;
  throw new OperationError(
    'UNSUPPORTED_BY_AGENT',
    `The agent ${agentVersion} in this guest lacks the capability "${method.capability}", which ${method.name} needs.`,
  );
}

/** Runs `work` with a signal that fires at the caller's abort and at the deadline. */
export async function withDeadline<T>(
  clock: LinkClock,
  options: CallOptions,
  work: (signal: AbortSignal, leftMs: () => number) => Promise<T>,
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const endMs = clock.nowMs() + timeoutMs;
  const linked = linkSignals(options.signal);
  const takeBack = clock.setTimer(timeoutMs, () =>
    linked.abort(new OperationError('AGENT_UNREACHABLE', `The agent gave no answer within ${timeoutMs} ms.`)),
  );
  try {
    return await work(linked.signal, () => Math.max(1, Math.round(endMs - clock.nowMs())));
  } finally {
    takeBack();
    linked.unlink();
  }
}
