import { OperationError } from '@innkeeper/contract/errors';
import type { Channel } from '@innkeeper/kit';
import {
  type JsonFrameIncoming,
  JsonFrameReceiver,
  type JsonReply,
  jsonErrorReply,
  maxJsonFrameBytes,
  printJsonFrame,
  translateJsonRequest,
} from '@innkeeper/wire';
import type { Dispatcher } from '../../dispatch.ts';
import { hex } from '../../hex.ts';
import type { Host } from '../../host.ts';
import { runCall } from '../../serving/run-call.ts';
import { serveInTurn } from '../../serving/serve-in-turn.ts';

export interface ServeJsonFramesOptions {
  readonly channel: Channel;
  readonly dispatcher: Dispatcher;
  readonly host: Pick<Host, 'bytes' | 'clock'>;
  /** Bytes already read to detect the dialect. */
  readonly firstBytes: Uint8Array | undefined;
  readonly signal: AbortSignal;
}

/** Serves JSON frames. A frame that is too long ends the connection, after an error. */
export function serveJsonFrames(options: ServeJsonFramesOptions): Promise<void> {
  const { channel, dispatcher, host, firstBytes, signal: outer } = options;
  const receiver = new JsonFrameReceiver();
  const replyTo = async (body: Uint8Array, signal: AbortSignal): Promise<JsonReply> => {
    try {
      const call = translateJsonRequest(body, () => hex(host.bytes.random(16)));
      return await runCall(call, dispatcher, { signal });
    } catch (error) {
      return jsonErrorReply(OperationError.from(error));
    }
  };
  return serveInTurn<JsonFrameIncoming>({
    channel,
    clock: host.clock,
    firstBytes,
    signal: outer,
    receive: (bytes) => receiver.push(bytes),
    answer: async (incoming, signal) => ({
      parts: printJsonFrame(incoming.type === 'frame' ? await replyTo(incoming.body, signal) : tooLong(incoming)),
      isLast: incoming.type === 'oversize',
    }),
  });
}

function tooLong({ lengthBytes }: { readonly lengthBytes: number }): JsonReply {
  const text = `The request has ${lengthBytes} bytes; the maximum is ${maxJsonFrameBytes}. The connection ends.`;
  return jsonErrorReply(new OperationError('INVALID_ARGUMENT', text));
}
