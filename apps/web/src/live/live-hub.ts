import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { OpenSocket } from '@innkeeper/client/browser';
import { ResumingSocket } from '@innkeeper/client/browser';

/**
 * The one WebSocket of a browser, /v1/live, shared by all its tabs: topics that several want are asked for once. It knows
 * nothing of what is in a message: a request is the bytes of a LiveRequest without its id, an event those of a
 * LiveEvent without its id, which stands first in both.
 */
export interface HubListener {
  /** Bytes of a LiveEvent. */
  event(bytes: Uint8Array<ArrayBuffer>): void;
}

interface Topic {
  readonly id: number;
  readonly key: string;
  readonly request: Uint8Array;
  readonly listeners: Set<HubListener>;
  /** Shown at once to a listener that comes later. */
  last: Uint8Array<ArrayBuffer> | undefined;
}

export type HubState = 'connecting' | 'connected' | 'lost';

/** Fields of LiveRequest and LiveEvent. */
const idField = 1;
const endField = 15;
const endTopic = new BinaryWriter().tag(endField, WireType.LengthDelimited).bytes(new Uint8Array(0)).finish();

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

  /** `key` names the topic: the same for those who may share it. The function returned ends the subscription. */
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

  /** After a login or logout: the old socket belongs to somebody else. */
  reset(): void {
    for (const topic of this.#topics.values()) topic.last = undefined;
    this.#drop();
    if (this.#topics.size > 0) this.#connect();
  }

  /** The network is back, or the page is looked at again: no need to wait on. */
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
      // Whatever the daemon closes it with: a page is live while it is open.
      isEnd: () => false,
      onState: (state) => {
        if (state === 'open') this.#onOpen();
        if (state !== 'lost') return;
        this.#tell('lost');
        // Nobody waits: the next subscription connects.
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
    this.#tell('connected');
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

  #tell(state: HubState): void {
    if (this.state === state) return;
    this.state = state;
    this.#onState(state);
  }
}

/** The id, which a daemon writes first, and the bytes after it; id 0 is nobody's. */
function withoutId(bytes: Uint8Array): { readonly id: number; readonly rest: Uint8Array<ArrayBuffer> } {
  const reader = new BinaryReader(bytes);
  if (reader.len === 0 || reader.tag()[0] !== idField) return { id: 0, rest: new Uint8Array(0) };
  return { id: reader.uint32(), rest: bytes.slice(reader.pos) };
}
