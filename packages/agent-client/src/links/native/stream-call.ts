import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract/errors';
import type { LiteMethod } from '@innkeeper/contract/lite';
import { onAbort } from '@innkeeper/kit';
import type { StreamOptions } from '../../agent-link.ts';
import type { LinkClock } from '../../clock.ts';
import type { LinkSessions } from './link-sessions.ts';
import { SessionLostError } from './session/session-lost-error.ts';
import { openCall, type TypedCall } from './session/typed-call.ts';
import { requireCapability, withDeadline } from './unary.ts';

/** Milliseconds that a call waits for a session to begin in. */
const connectWithinMs = 30_000;

/**
 * One call within one session, its requests and answers as they come. Rejects with AGENT_UNREACHABLE when the session is
 * lost, what the agent answers, what `requests` throws, or the signal's reason.
 */
export async function* streamCall<I extends DescMessage, O extends DescMessage>(
  link: { readonly sessions: LinkSessions; readonly clock: LinkClock; readonly neverAborted: AbortSignal },
  method: LiteMethod<I, O>,
  requests: AsyncIterable<MessageInitShape<I>>,
  { signal = link.neverAborted, timeoutMs = 0 }: StreamOptions = {},
): AsyncGenerator<MessageShape<O>, void, undefined> {
  const { session, welcome } = await withDeadline(link.clock, { signal, timeoutMs: connectWithinMs }, (ending) =>
    link.sessions.ready(ending),
  );
  requireCapability(welcome, method);
  const input = requests[Symbol.asyncIterator]();
  const first = await input.next();
  if (first.done === true) throw new OperationError('INVALID_ARGUMENT', `${method.name} was called without a request.`);
  signal.throwIfAborted();
  const call = openCall(session, method, first.value, { timeoutMs });
  const untie = onAbort(signal, (reason) => call.raw.cancel(reason));
  try {
    if (method.kind !== 'unary' && method.kind !== 'server_streaming') void sendRest(call, input);
    for (let answer = await call.next(); answer !== undefined; answer = await call.next()) yield answer;
  } catch (error) {
    if (!(error instanceof SessionLostError)) throw error;
    throw new OperationError('AGENT_UNREACHABLE', `The agent was lost during ${method.name}: ${error.message}`, {
      cause: error,
    });
  } finally {
    untie();
    call.raw.cancel(undefined);
    // A source that nobody reads any more may hold a connection or a file.
    void input.return?.(undefined).catch(() => undefined);
  }
}

/** Sends the further requests as credit allows. What goes wrong ends the call, and its reader hears of it. */
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
