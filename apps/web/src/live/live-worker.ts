import { browserSockets } from '@innkeeper/client/browser';
import { aliveIntervalMs, type FromHub, type ToHub } from './hub-messages.ts';
import { LiveHub } from './live-hub.ts';

interface Tab {
  readonly port: MessagePort;
  readonly subscriptions: Map<number, () => void>;
  seenMs: number;
}

const tabs = new Set<Tab>();
const hub = new LiveHub(browserSockets(''), (state) => {
  for (const { port } of tabs) port.postMessage({ type: 'state', state } satisfies FromHub);
});

// An event of shared workers; TypeScript's DOM library describes pages only.
addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports;
  if (port === undefined) return;
  const tab: Tab = { port, subscriptions: new Map(), seenMs: Date.now() };
  tabs.add(tab);
  port.onmessage = ({ data }: MessageEvent<ToHub>) => onMessage(tab, data);
  port.postMessage({ type: 'state', state: hub.state } satisfies FromHub);
});

// Browsers may slow timers of background tabs to one per minute.
setInterval(() => {
  for (const tab of tabs) if (Date.now() - tab.seenMs > aliveIntervalMs * 6) leave(tab);
}, aliveIntervalMs);

function onMessage(tab: Tab, message: ToHub): void {
  tab.seenMs = Date.now();
  switch (message.type) {
    case 'subscribe': {
      const { topic, key, request } = message;
      const event = (bytes: Uint8Array<ArrayBuffer>): void =>
        tab.port.postMessage({ type: 'event', topic, bytes } satisfies FromHub);
      tab.subscriptions.get(topic)?.();
      tab.subscriptions.set(topic, hub.subscribe(key, request, { event }));
      return;
    }
    case 'unsubscribe':
      tab.subscriptions.get(message.topic)?.();
      tab.subscriptions.delete(message.topic);
      return;
    case 'reset':
      hub.reset();
      return;
    case 'retry':
      hub.retryNow();
      return;
    case 'alive':
      tabs.add(tab);
      return;
    case 'leave':
      leave(tab);
  }
}

function leave(tab: Tab): void {
  for (const end of tab.subscriptions.values()) end();
  tab.subscriptions.clear();
  tabs.delete(tab);
}
