import type { HubState } from './live-hub.ts';

/** What a tab tells the worker. `topic` is the tab's own number for a subscription. */
export type ToHub =
  | { readonly type: 'subscribe'; readonly topic: number; readonly key: string; readonly request: Uint8Array }
  | { readonly type: 'unsubscribe'; readonly topic: number }
  | { readonly type: 'reset' }
  | { readonly type: 'retry' }
  /** The tab is still there: a port has no event for a tab that was closed. */
  | { readonly type: 'alive' }
  | { readonly type: 'leave' };

/** What the worker tells a tab. */
export type FromHub =
  | { readonly type: 'event'; readonly topic: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'state'; readonly state: HubState };

export const aliveIntervalMs = 20_000;
