import { setTimeout as delay } from 'node:timers/promises';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract';
import { LiveEventSchema, type LiveRequest, LiveRequestSchema } from '@innkeeper/contract/control';
import { type LinkedAbort, type Log, linkSignals, mib, onAbort } from '@innkeeper/kit';
import type { WebSocket } from 'ws';
import { toHttpError } from '../../edge/api-error.ts';
import { encodeEvent, type LiveSource, openTopic } from './live-topics.ts';

export const maxTopics = 64;
/** Maximum events that wait for a slow reader. State topics skip to the current state then, so nothing piles up. */
const maxWaitingBytes = mib;
const pollSlowReaderMs = 50;

/**
 * Serves the WebSocket /v1/live: each request opens a topic under its id, replacing an earlier one with that id. A topic
 * that fails ends with an error. Resolves when the socket closes or the signal is aborted.
 */
export async function serveLive(
  socket: WebSocket,
  source: LiveSource,
  options: { readonly signal: AbortSignal; readonly log: Log },
): Promise<void> {
  const topics = new Map<number, LinkedAbort>();
  const over = linkSignals(options.signal);
  const { signal } = over;
  const ended = new Promise<void>((resolve) => void onAbort(signal, () => resolve()));
  socket.once('close', () => over.abort(new OperationError('CANCELED', 'The viewer disconnected.')));
  socket.on('message', (data: Buffer, isBinary) => {
    const request = isBinary ? parseRequest(data) : undefined;
    if (request === undefined) return socket.close(1007, 'malformed live request');
    topics.get(request.id)?.abort(new OperationError('CANCELED', 'The topic was closed or replaced.'));
    topics.delete(request.id);
    if (request.request.case === 'end') return;
    const topic = linkSignals(signal);
    topics.set(request.id, topic);
    const tooMany = topics.size > maxTopics;
    void tell(request, topic.signal, tooMany).finally(() => {
      topic.unlink();
      if (topics.get(request.id) === topic) topics.delete(request.id);
    });
  });
  await ended;
  over.unlink();

  /** Sends a topic's events until it ends; never rejects. */
  async function tell(request: LiveRequest, topicSignal: AbortSignal, refused: boolean): Promise<void> {
    try {
      if (refused)
        throw new OperationError('TOO_MANY_CALLS', `This live socket has too many topics (at most ${maxTopics}).`);
      for await (const bytes of openTopic(source, request, topicSignal)) {
        while (socket.bufferedAmount > maxWaitingBytes)
          await delay(pollSlowReaderMs, undefined, { signal: topicSignal });
        if (topicSignal.aborted) return;
        send(request.id, bytes);
      }
    } catch (error) {
      if (topicSignal.aborted) return;
      const { code, reason, message, nextStep } = toHttpError(error, options.log).body;
      send(
        request.id,
        encodeEvent({ case: 'error', value: { code, reason, message, nextStep } }, () => true),
      );
    }
  }

  /** One message in two parts: the event's bytes are those that other viewers get, and are not copied for each. */
  function send(id: number, event: Uint8Array): void {
    if (socket.readyState !== socket.OPEN) return;
    socket.send(toBinary(LiveEventSchema, create(LiveEventSchema, { id })), { fin: false });
    socket.send(event);
  }
}

/** Decodes a request; undefined when it is malformed. */
function parseRequest(bytes: Uint8Array): LiveRequest | undefined {
  try {
    return fromBinary(LiveRequestSchema, bytes);
  } catch {
    // Not protobuf: the client is faulty, and the caller closes its socket.
    return undefined;
  }
}
