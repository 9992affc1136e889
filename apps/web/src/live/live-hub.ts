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

/** Waits between attempts, in milliseconds; the last one again and again. */
const retryMs = [250, 500, 1000, 2000, 4000];

export class LiveHub {
  state: HubState = 'connecting';
  readonly #url: string;
  readonly #onState: (state: HubState) => void;
  readonly #topics = new Map<string, Topic>();
  readonly #byId = new Map<number, Topic>();
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #lastId = 0;

  constructor(url: string, onState: (state: HubState) => void) {
    this.#url = url;
    this.#onState = onState;
  }

  /** `key` names the topic: the same for those who may share it. The function returned ends the subscription. */
  subscribe(key: string, request: Uint8Array, listener: HubListener): () => void {
    const topic = this.#topics.get(key) ?? this.#open(key, request);
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
    this.#failures = 0;
    this.#socket?.close();
    this.#socket = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#topics.size > 0) this.#connect();
  }

  /** The network is back, or the page is looked at again: no need to wait on. */
  retryNow(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#connect();
  }

  #open(key: string, request: Uint8Array): Topic {
    const topic: Topic = { id: ++this.#lastId, key, request, listeners: new Set(), last: undefined };
    this.#topics.set(key, topic);
    this.#byId.set(topic.id, topic);
    this.#send(topic.id, request);
    return topic;
  }

  #end(topic: Topic): void {
    this.#topics.delete(topic.key);
    this.#byId.delete(topic.id);
    // Field 15, EndTopic, with nothing in it.
    this.#send(topic.id, Uint8Array.of(0x7a, 0));
  }

  #connect(): void {
    if (this.#socket !== undefined || this.#timer !== undefined) return;
    const socket = new WebSocket(this.#url);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    socket.onopen = () => {
      this.#failures = 0;
      this.#tell('connected');
      for (const topic of this.#topics.values()) this.#send(topic.id, topic.request);
    };
    socket.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => this.#onMessage(new Uint8Array(data));
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#tell('lost');
      const wait = retryMs[Math.min(this.#failures++, retryMs.length - 1)] ?? 1000;
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        if (this.#topics.size > 0) this.#connect();
      }, wait);
    };
  }

  #onMessage(bytes: Uint8Array<ArrayBuffer>): void {
    const { id, end } = readId(bytes);
    const topic = this.#byId.get(id);
    if (topic === undefined) return;
    topic.last = bytes.slice(end);
    for (const listener of topic.listeners) listener.event(topic.last);
  }

  #send(id: number, request: Uint8Array): void {
    if (this.#socket?.readyState !== WebSocket.OPEN) return;
    const head = idField(id);
    const message = new Uint8Array(head.length + request.length);
    message.set(head);
    message.set(request, head.length);
    this.#socket.send(message);
  }

  #tell(state: HubState): void {
    if (this.state === state) return;
    this.state = state;
    this.#onState(state);
  }
}

/** Field 1 as varint. */
function idField(id: number): number[] {
  const bytes = [0x08];
  let rest = id;
  for (; rest > 127; rest >>>= 7) bytes.push((rest & 127) | 128);
  bytes.push(rest);
  return bytes;
}

function readId(bytes: Uint8Array): { readonly id: number; readonly end: number } {
  if (bytes[0] !== 0x08) return { id: 0, end: 0 };
  let id = 0;
  let at = 1;
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[at++] ?? 0;
    id |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  return { id, end: at };
}
