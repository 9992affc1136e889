import type { HubState } from './live-hub.ts';

/** Messages from a tab to the worker. `topic` is the tab's number for a subscription. */
export type ToHub =
  | { readonly type: 'subscribe'; readonly topic: number; readonly key: string; readonly request: Uint8Array }
  | { readonly type: 'unsubscribe'; readonly topic: number }
  | { readonly type: 'reset' }
  | { readonly type: 'retry' }
  /** Keep-alive: a port has no event for a closed tab. */
  | { readonly type: 'alive' }
  | { readonly type: 'leave' };

/** Messages from the worker to a tab. */
export type FromHub =
  | { readonly type: 'event'; readonly topic: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: 'state'; readonly state: HubState };

export const aliveIntervalMs = 20_000;
