import { OperationError } from '@innkeeper/contract';
import type { LiveEvent } from '@innkeeper/contract/control';
import { useEffect, useState, useSyncExternalStore } from 'react';
import { type LiveRequestInit, liveConnection } from './live-connection.ts';
import type { HubState } from './live-hub.ts';

export type LiveCase = Exclude<LiveEvent['event']['case'], undefined | 'error' | 'run'>;
export type LiveValue<C extends LiveCase> = Extract<LiveEvent['event'], { case: C }>['value'];

export interface Live<T> {
  /** Undefined until the first event. Keeps the last known state while the connection is lost. */
  readonly data: T | undefined;
  /** The key of the request that `data` belongs to. */
  readonly dataKey: string;
  /** Why the topic ended. */
  readonly error: OperationError | undefined;
}

/**
 * The current state of a topic of the live socket. `key` identifies the request: another key makes a new subscription,
 * and the old data stays until its first event, so that a list does not flicker when its filter changes.
 */
export function useLive<C extends LiveCase>(
  topic: C,
  request: LiveRequestInit & { readonly case: C },
  key: string,
): Live<LiveValue<C>> {
  const [live, setLive] = useState<Live<LiveEvent['event']['value']>>({
    data: undefined,
    dataKey: '',
    error: undefined,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the request, which is a new object on each render
  useEffect(
    () =>
      liveConnection().subscribe(request, true, (event) => {
        if (event.case === topic) setLive({ data: event.value, dataKey: key, error: undefined });
        else if (event.case === 'error') {
          const error = OperationError.fromWire(event.value);
          setLive((before) => ({ ...before, error }));
        }
      }),
    [key],
  );
  // The case was checked when the event arrived.
  return live as Live<LiveValue<C>>;
}

/** The state of the live connection. */
export function useLiveState(): { readonly state: HubState; readonly lostSinceMs: number | undefined } {
  const connection = liveConnection();
  const state = useSyncExternalStore(connection.onState, () => connection.state);
  return { state, lostSinceMs: connection.lostSinceMs };
}
