import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { browserSockets, newId } from '@innkeeper/client/browser';
import { type LiveEvent, LiveEventSchema, LiveRequestSchema } from '@innkeeper/contract/control';
import { Listeners } from '@innkeeper/kit';
import { aliveIntervalMs, type FromHub, type ToHub } from './hub-messages.ts';
import { type HubState, LiveHub } from './live-hub.ts';

export type LiveRequestInit = NonNullable<MessageInitShape<typeof LiveRequestSchema>['request']>;

interface Hub {
  subscribe(key: string, request: Uint8Array, onBytes: (bytes: Uint8Array) => void): () => void;
  reset(): void;
  retryNow(): void;
}

declare const INNKEEPER_LIVE_WORKER: string;

/** This tab's way to what is live: through the worker that all tabs share, or by itself where there are no such. */
class LiveConnection {
  state: HubState = 'connecting';
  /** When it was lost; undefined while it is not. */
  lostSinceMs: number | undefined;
  readonly #listeners = new Listeners();
  readonly #hub: Hub;

  constructor() {
    const onState = (state: HubState): void => this.#onState(state);
    this.#hub = typeof SharedWorker === 'undefined' ? ownHub(onState) : sharedHub(onState);
    addEventListener('online', () => this.#hub.retryNow());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#hub.retryNow();
    });
  }

  /**
   * What a topic is now, and again at each change. `shared` topics are asked for once a browser and show their last
   * event to whoever comes later; one that tells differences, as a run does, must not be shared.
   */
  subscribe(request: LiveRequestInit, shared: boolean, onEvent: (event: LiveEvent['event']) => void): () => void {
    const bytes = toBinary(LiveRequestSchema, create(LiveRequestSchema, { request }));
    const key = shared ? String.fromCharCode(...bytes) : `own ${newId()}`;
    return this.#hub.subscribe(key, bytes, (event) => onEvent(fromBinary(LiveEventSchema, event).event));
  }

  /** After a login or logout. */
  reset(): void {
    this.#hub.reset();
  }

  get onState(): (listener: () => void) => () => void {
    return this.#listeners.add;
  }

  #onState(state: HubState): void {
    this.state = state;
    this.lostSinceMs = state === 'lost' ? (this.lostSinceMs ?? Date.now()) : undefined;
    this.#listeners.emit();
  }
}

function ownHub(onState: (state: HubState) => void): Hub {
  const hub = new LiveHub(browserSockets(''), onState);
  return {
    subscribe: (key, request, event) => hub.subscribe(key, request, { event }),
    reset: () => hub.reset(),
    retryNow: () => hub.retryNow(),
  };
}

function sharedHub(onState: (state: HubState) => void): Hub {
  const { port } = new SharedWorker(INNKEEPER_LIVE_WORKER, { name: 'innkeeper-live' });
  const listeners = new Map<number, (bytes: Uint8Array) => void>();
  let lastTopic = 0;
  const send = (message: ToHub): void => port.postMessage(message);
  port.onmessage = ({ data }: MessageEvent<FromHub>) => {
    if (data.type === 'state') onState(data.state);
    else listeners.get(data.topic)?.(data.bytes);
  };
  setInterval(() => send({ type: 'alive' }), aliveIntervalMs);
  addEventListener('pagehide', (event) => {
    // A page that is kept for "back" comes again with its subscriptions.
    if (!event.persisted) send({ type: 'leave' });
  });
  return {
    subscribe: (key, request, onBytes) => {
      const topic = ++lastTopic;
      listeners.set(topic, onBytes);
      send({ type: 'subscribe', topic, key, request });
      return () => {
        listeners.delete(topic);
        send({ type: 'unsubscribe', topic });
      };
    },
    reset: () => send({ type: 'reset' }),
    retryNow: () => send({ type: 'retry' }),
  };
}

let connection: LiveConnection | undefined;

/** The connection of this tab, made at first use. */
export function liveConnection(): LiveConnection {
  connection ??= new LiveConnection();
  return connection;
}
