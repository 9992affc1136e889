import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract/errors';
import type { LiteMethod } from '@innkeeper/contract/lite';
import type { CallOptions } from './agent-link.ts';
import type { LinkClock } from './clock.ts';
import type { LinkSessions } from './link-sessions.ts';
import { SessionLostError } from './session/session-lost-error.ts';
import { stopOnAbort } from './session/stop-on-abort.ts';
import { openCall } from './session/typed-call.ts';

const defaultTimeoutMs = 30_000;

export interface AskOptions extends CallOptions {
  /**
   * Whether it is asked again in the next session, within the deadline, when the first was lost: for what may be carried
   * out twice, which is the default. Otherwise it fails with AGENT_UNREACHABLE, and nobody knows whether it was done.
   */
  readonly again?: boolean | undefined;
}

/** One question, one answer. Rejects with AGENT_UNREACHABLE when no session was open in time. */
export async function ask<I extends DescMessage, O extends DescMessage>(
  sessions: LinkSessions,
  clock: LinkClock,
  method: LiteMethod<I, O>,
  request: MessageInitShape<I>,
  options: AskOptions = {},
): Promise<MessageShape<O>> {
  return await withDeadline(clock, options, async (signal, leftMs) => {
    for (;;) {
      const { session } = await sessions.ready(signal);
      try {
        const call = openCall(session, method, request, { timeoutMs: leftMs() });
        const untie = stopOnAbort(call.raw, signal);
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
        if (options.again === false)
          throw new OperationError(
            'AGENT_UNREACHABLE',
            `The agent was lost during ${method.name}, which may have been carried out: ${error.message}`,
            { cause: error },
          );
      }
    }
  });
}

/** Runs `work` with a signal that fires at the caller's abort and at the deadline. */
export async function withDeadline<T>(
  clock: LinkClock,
  options: CallOptions,
  work: (signal: AbortSignal, leftMs: () => number) => Promise<T>,
): Promise<T> {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const endMs = clock.nowMs() + timeoutMs;
  const controller = new AbortController();
  const takeBack = clock.setTimer(timeoutMs, () =>
    controller.abort(new OperationError('AGENT_UNREACHABLE', `The agent gave no answer within ${timeoutMs} ms.`)),
  );
  const onAbort = (): void =>
    controller.abort(options.signal?.reason ?? new OperationError('CANCELED', 'The caller gave up.'));
  options.signal?.addEventListener('abort', onAbort);
  if (options.signal?.aborted === true) onAbort();
  try {
    return await work(controller.signal, () => Math.max(1, Math.round(endMs - clock.nowMs())));
  } finally {
    takeBack();
    options.signal?.removeEventListener('abort', onAbort);
  }
}
