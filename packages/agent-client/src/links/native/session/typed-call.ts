import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract/errors';
import { type LiteMethod, liteDecode, liteEncode, MalformedMessageError } from '@innkeeper/contract/lite';
import { onAbort } from '@innkeeper/kit';
import type { NativeSession } from './native-session.ts';
import type { SessionCall } from './session-call.ts';

/** Maximum entries in all lists of one answer: more than any page or report has, and few enough to cost little. */
const maxEntries = 4096;

export interface OpenCallOptions {
  /** Sent to the agent, which ends the call after this time; 0 or undefined: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Cancels the call with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A call whose messages are typed by its method. Disposing cancels it unless it has ended. */
export class TypedCall<I extends DescMessage, O extends DescMessage> {
  readonly raw: SessionCall;
  readonly #method: LiteMethod<I, O>;
  readonly #stopListening: () => void;

  constructor(raw: SessionCall, method: LiteMethod<I, O>, signal: AbortSignal | undefined) {
    this.raw = raw;
    this.#method = method;
    this.#stopListening = onAbort(signal, (reason) => raw.cancel(reason));
  }

  /** The next answer; undefined at the end. */
  async next(): Promise<MessageShape<O> | undefined> {
    const body = await this.raw.next();
    return body === undefined ? undefined : decode(this.#method, body);
  }

  /** The newest available answer, or the next one; older ones are dropped unread. */
  async newest(): Promise<MessageShape<O> | undefined> {
    const body = await this.raw.newest();
    return body === undefined ? undefined : decode(this.#method, body);
  }

  send(message: MessageInitShape<I>, options?: { readonly halfClose?: boolean }): Promise<void> {
    return this.raw.send(liteEncode(this.#method.input, message), options);
  }

  [Symbol.dispose](): void {
    this.#stopListening();
    this.raw.cancel(undefined);
  }
}

export function openCall<I extends DescMessage, O extends DescMessage>(
  session: NativeSession,
  method: LiteMethod<I, O>,
  first: MessageInitShape<I>,
  options: OpenCallOptions = {},
): TypedCall<I, O> {
  const halfClose = method.kind === 'unary' || method.kind === 'server_streaming';
  const raw = session.call(method.name, liteEncode(method.input, first), {
    halfClose,
    timeoutMs: options.timeoutMs ?? 0,
  });
  return new TypedCall(raw, method, options.signal);
}

/**
 * As `openCall`, once the session has room for the call (NativeSession.inTurn). Rejects with the signal's reason too.
 */
export async function openInTurn<I extends DescMessage, O extends DescMessage>(
  session: NativeSession,
  method: LiteMethod<I, O>,
  first: MessageInitShape<I>,
  options: OpenCallOptions & { readonly signal: AbortSignal },
): Promise<TypedCall<I, O>> {
  return await session.inTurn(options.signal, () => openCall(session, method, first, options));
}

/** An agent that sends a malformed message misbehaves. */
function decode<I extends DescMessage, O extends DescMessage>(
  method: LiteMethod<I, O>,
  body: Uint8Array,
): MessageShape<O> {
  try {
    return liteDecode(method.output, body, { maxEntries });
  } catch (error) {
    if (error instanceof MalformedMessageError)
      throw new OperationError('GUEST_MISBEHAVES', `${method.name}: ${error.message}`);
    throw error;
  }
}
