import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { OpenSocket } from '@innkeeper/client/browser';
import { ResumingSocket } from '@innkeeper/client/browser';

/** A subscriber of a topic. */
export interface HubListener {
  /** Called with the bytes of a LiveEvent, without the id. */
  event(bytes: Uint8Array<ArrayBuffer>): void;
}

interface Topic {
  readonly id: number;
  readonly key: string;
  readonly request: Uint8Array;
  readonly listeners: Set<HubListener>;
  /** The last event, replayed to later listeners. */
  last: Uint8Array<ArrayBuffer> | undefined;
}

export type HubState = 'connecting' | 'connected' | 'lost';

/** Field numbers of LiveRequest and LiveEvent. */
const idField = 1;
const endField = 15;
const endTopic = new BinaryWriter().tag(endField, WireType.LengthDelimited).bytes(new Uint8Array(0)).finish();

/**
 * The one WebSocket (/v1/live) that all tabs of a browser share, with one subscription per topic. It does not decode
 * messages: a request is the bytes of a LiveRequest without its id, an event those of a LiveEvent without its id, which is
 * the first field of both.
 */
export class LiveHub {
  state: HubState = 'connecting';
  readonly #open: OpenSocket;
  readonly #onState: (state: HubState) => void;
  readonly #topics = new Map<string, Topic>();
  readonly #byId = new Map<number, Topic>();
  #socket: ResumingSocket | undefined;
  #lastId = 0;

  constructor(open: OpenSocket, onState: (state: HubState) => void) {
    this.#open = open;
    this.#onState = onState;
  }

  /** Subscribes to a topic; listeners with the same `key` share it. The returned function ends the subscription. */
  subscribe(key: string, request: Uint8Array, listener: HubListener): () => void {
    const topic = this.#topics.get(key) ?? this.#begin(key, request);
    topic.listeners.add(listener);
    if (topic.last !== undefined) listener.event(topic.last);
    this.#connect();
    return () => {
      topic.listeners.delete(listener);
      if (topic.listeners.size === 0) this.#end(topic);
    };
  }

  /** Reconnects after a login or logout, since the old socket belongs to another session. */
  reset(): void {
    for (const topic of this.#topics.values()) topic.last = undefined;
    this.#drop();
    if (this.#topics.size > 0) this.#connect();
  }

  /** Reconnects without waiting, for example when the network is back or the page is visible again. */
  retryNow(): void {
    this.#socket?.retryNow();
  }

  #begin(key: string, request: Uint8Array): Topic {
    const topic: Topic = { id: ++this.#lastId, key, request, listeners: new Set(), last: undefined };
    this.#topics.set(key, topic);
    this.#byId.set(topic.id, topic);
    this.#send(topic.id, request);
    return topic;
  }

  #end(topic: Topic): void {
    this.#topics.delete(topic.key);
    this.#byId.delete(topic.id);
    this.#send(topic.id, endTopic);
  }

  #connect(): void {
    this.#socket ??= new ResumingSocket({
      open: this.#open,
      path: () => '/v1/live',
      persistence: 'forever',
      // Reconnect after any close code: a page is live as long as it is open.
      isEnd: () => false,
      onState: (state) => {
        if (state === 'open') this.#onOpen();
        if (state !== 'lost') return;
        this.#setState('lost');
        // No subscriptions: the next one will connect.
        if (this.#topics.size === 0) this.#drop();
      },
      onBytes: (bytes) => this.#onMessage(bytes),
      onText: () => undefined,
    });
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #onOpen(): void {
    this.#setState('connected');
    for (const topic of this.#topics.values()) this.#send(topic.id, topic.request);
  }

  #onMessage(bytes: Uint8Array): void {
    const { id, rest } = withoutId(bytes);
    const topic = this.#byId.get(id);
    if (topic === undefined) return;
    topic.last = rest;
    for (const listener of topic.listeners) listener.event(rest);
  }

  #send(id: number, request: Uint8Array): void {
    this.#socket?.send(new BinaryWriter().tag(idField, WireType.Varint).uint32(id).raw(request).finish());
  }

  #setState(state: HubState): void {
    if (this.state === state) return;
    this.state = state;
    this.#onState(state);
  }
}

/** Splits a message into its id, which is the first field, and the rest. Id 0: malformed. */
function withoutId(bytes: Uint8Array): { readonly id: number; readonly rest: Uint8Array<ArrayBuffer> } {
  const reader = new BinaryReader(bytes);
  if (reader.len === 0 || reader.tag()[0] !== idField) return { id: 0, rest: new Uint8Array(0) };
  return { id: reader.uint32(), rest: bytes.slice(reader.pos) };
}
