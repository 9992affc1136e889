import type { Channel } from '@innkeeper/kit';
import {
  type HttpIncoming,
  type HttpReply,
  type HttpRequest,
  HttpRequestReceiver,
  jsonReply,
  printHttpReply,
  translateHttpRequest,
} from '@innkeeper/wire';
import type { Dispatcher } from '../../dispatch.ts';
import { hex } from '../../hex.ts';
import type { Host } from '../../host.ts';
import { runCall } from '../../serving/run-call.ts';
import { serveInTurn } from '../../serving/serve-in-turn.ts';

/** Milliseconds without a whole request after which a connection is closed. */
export const httpIdleMs = 30_000;

export interface ServeHttpOptions {
  readonly channel: Channel;
  readonly dispatcher: Dispatcher;
  readonly host: Pick<Host, 'bytes' | 'clock'>;
  /** Whether this peer may configure interfaces. */
  readonly mayConfigure: boolean;
  /** Bytes already read to detect the dialect. */
  readonly firstBytes: Uint8Array | undefined;
  readonly signal: AbortSignal;
}

/** Serves HTTP/1.1. A request that is malformed ends the connection, after a response. */
export function serveHttp(options: ServeHttpOptions): Promise<void> {
  const { channel, dispatcher, host, mayConfigure, firstBytes, signal: outer } = options;
  const receiver = new HttpRequestReceiver();
  const replyTo = async (request: HttpRequest, signal: AbortSignal): Promise<HttpReply> => {
    const unixSeconds = Number(host.clock.wallTimeNs() / 1_000_000_000n);
    const freshId = (): string => hex(host.bytes.random(16));
    const answer = translateHttpRequest(request, { unixSeconds, mayConfigure, freshId });
    return 'status' in answer ? answer : await runCall(answer, dispatcher, { signal });
  };
  return serveInTurn<HttpIncoming>({
    channel,
    clock: host.clock,
    firstBytes,
    signal: outer,
    idleMs: httpIdleMs,
    receive: (bytes) => receiver.push(bytes),
    answer: async (incoming, signal) => {
      if (incoming.type === 'refused') {
        const { status, why } = incoming.refusal;
        const printed = printHttpReply(jsonReply(status, { error: why }), { keepsOpen: false, hasBody: true });
        return { parts: [printed], isLast: true };
      }
      const { request } = incoming;
      const { keepsOpen } = request;
      const reply = await replyTo(request, signal);
      return { parts: [printHttpReply(reply, { keepsOpen, hasBody: request.method !== 'HEAD' })], isLast: !keepsOpen };
    },
  });
}
