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

/** This tab's live connection: through the shared worker, or its own in browsers without shared workers. */
class LiveConnection {
  state: HubState = 'connecting';
  /** When the connection was lost; undefined while it is not. */
  lostSinceMs: number | undefined;
  readonly #listeners = new Listeners();
  readonly #hub: Hub;

  constructor() {
    const onState = (state: HubState): void => this.#onState(state);
    this.#hub = typeof SharedWorker === 'undefined' ? localHub(onState) : sharedHub(onState);
    addEventListener('online', () => this.#hub.retryNow());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#hub.retryNow();
    });
  }

  /**
   * Subscribes to a topic: `onEvent` gets its current state, and again on each change. `shared` topics have one
   * subscription per browser and replay their last event to later subscribers; topics that send increments, such as a
   * run, must not be shared.
   */
  subscribe(request: LiveRequestInit, shared: boolean, onEvent: (event: LiveEvent['event']) => void): () => void {
    const bytes = toBinary(LiveRequestSchema, create(LiveRequestSchema, { request }));
    const key = shared ? String.fromCharCode(...bytes) : `unshared ${newId()}`;
    return this.#hub.subscribe(key, bytes, (event) => onEvent(fromBinary(LiveEventSchema, event).event));
  }

  /** Reconnects after a login or logout. */
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

function localHub(onState: (state: HubState) => void): Hub {
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
    // A page kept in the back/forward cache keeps its subscriptions.
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

/** Returns this tab's connection, which is opened on first use. */
export function liveConnection(): LiveConnection {
  connection ??= new LiveConnection();
  return connection;
}
