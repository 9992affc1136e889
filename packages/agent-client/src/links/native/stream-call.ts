import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract/errors';
import type { LiteMethod } from '@innkeeper/contract/lite';
import { withDeadline } from '@innkeeper/kit';
import type { StreamOptions } from '../../agent-link.ts';
import type { LinkClock } from '../../clock.ts';
import type { LinkSessions } from './link-sessions.ts';
import { SessionLostError } from './session/session-lost-error.ts';
import { openInTurn, type TypedCall } from './session/typed-call.ts';
import { requireCapability, unanswered } from './unary.ts';

/** Milliseconds that a call waits for a session. */
const connectTimeoutMs = 30_000;

export interface StreamLink {
  readonly sessions: LinkSessions;
  readonly clock: LinkClock;
  readonly neverAborted: AbortSignal;
}

/**
 * One call within one session, with its requests and answers as they arrive. Rejects with AGENT_UNREACHABLE if the
 * session is lost, with the agent's error, with what `requests` throws, or with the signal's reason.
 */
export async function* streamCall<I extends DescMessage, O extends DescMessage>(
  link: StreamLink,
  method: LiteMethod<I, O>,
  requests: AsyncIterable<MessageInitShape<I>>,
  { signal = link.neverAborted, timeoutMs = 0 }: StreamOptions = {},
): AsyncGenerator<MessageShape<O>, void, undefined> {
  const { session, welcome } = await withDeadline(
    { timers: link.clock, timeoutMs: connectTimeoutMs, signal, late: () => unanswered(connectTimeoutMs) },
    (ending) => link.sessions.ready(ending),
  );
  requireCapability(welcome, method);
  const input = requests[Symbol.asyncIterator]();
  const first = await input.next();
  if (first.done === true)
    throw new OperationError('INVALID_ARGUMENT', `${method.name} requires at least one request.`);
  signal.throwIfAborted();
  using call = await openInTurn(session, method, first.value, { timeoutMs, signal });
  try {
    if (method.kind !== 'unary' && method.kind !== 'server_streaming') void sendRest(call, input);
    for (let answer = await call.next(); answer !== undefined; answer = await call.next()) yield answer;
  } catch (error) {
    if (!(error instanceof SessionLostError)) throw error;
    throw new OperationError('AGENT_UNREACHABLE', `The agent was lost during ${method.name}: ${error.message}`, {
      cause: error,
    });
  } finally {
    // A source that is no longer read may hold a connection or a file open.
    void input.return?.(undefined).catch(() => undefined);
  }
}

/** Sends the further requests as credit allows. An error ends the call and reaches its reader. */
async function sendRest<I extends DescMessage, O extends DescMessage>(
  call: TypedCall<I, O>,
  input: AsyncIterator<MessageInitShape<I>>,
): Promise<void> {
  try {
    for (let next = await input.next(); next.done !== true; next = await input.next()) await call.send(next.value);
    await call.raw.endInput();
  } catch (error) {
    call.raw.cancel(error);
  }
}
