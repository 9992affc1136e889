import type { DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract/errors';
import { type LiteMethod, type LiteType, liteDecode, liteEncode } from '@innkeeper/contract/lite';
import type { AgentMessageCall } from './reply.ts';
import { failedReply } from './unsupported.ts';

export interface UnaryCall<I extends DescMessage, O extends DescMessage, R extends DescMessage> {
  readonly method: LiteMethod<I, O>;
  /** Throws OperationError for a request that the method cannot express. */
  readonly request: () => MessageInitShape<I>;
  /** Of the response in AgentMessage. */
  readonly tag: number;
  readonly response: LiteType<R>;
  readonly answer: (answer: MessageShape<O>) => MessageInitShape<R>;
}

/** A request with one answer; a failure is its response with `error`. */
export function unaryCall<I extends DescMessage, O extends DescMessage, R extends DescMessage>({
  method,
  request,
  tag,
  response,
  answer,
}: UnaryCall<I, O, R>): AgentMessageCall {
  let message: MessageShape<O> | undefined;
  return {
    method: method.name,
    timeoutMs: method.timeoutMs,
    *requests() {
      yield liteEncode(method.input, request());
    },
    take: (body) => {
      message = liteDecode(method.output, body);
      return false;
    },
    finish: (error) =>
      message === undefined || error !== undefined
        ? failedReply(tag, error ?? new OperationError('INTERNAL', 'The call ended without an answer.'))
        : { tag, parts: [liteEncode(response, answer(message))] },
  };
}
