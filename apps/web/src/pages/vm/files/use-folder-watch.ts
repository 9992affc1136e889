import { timersOf } from '@innkeeper/kit';
import { useCallbackRef } from '@mantine/hooks';
import { useEffect, useState } from 'react';
import { liveConnection } from '../../../live/live-connection.ts';
import { RefreshPace } from './refresh-pace.ts';

/** Before a watch that failed is begun again, such as after a restart of the agent. */
const againMs = 10_000;
/** Reasons that do not go away by themselves. */
const final = new Set([
  'PRIVILEGE_MISSING',
  'UNSUPPORTED_BY_AGENT',
  'UNKNOWN_METHOD',
  'INVALID_PATH',
  'FILE_NOT_DIRECTORY',
]);

/**
 * Refreshes when a folder of a guest changes: in bursts and in a hidden tab later. Returns whether it is watched; without
 * that the page shows what it was.
 */
export function useFolderWatch(vm: string, path: string, refresh: () => Promise<unknown>): boolean {
  const [isWatched, setIsWatched] = useState(false);
  const [attempt, setAttempt] = useState(0);
  const latest = useCallbackRef(refresh);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another attempt begins again
  useEffect(() => {
    const timers = timersOf(globalThis);
    const pace = new RefreshPace({
      timers,
      nowMs: () => performance.now(),
      refresh: async () => void (await latest()),
    });
    const onVisibility = (): void => {
      pace.isPaused = document.visibilityState === 'hidden';
    };
    onVisibility();
    document.addEventListener('visibilitychange', onVisibility);
    let cancelAgain: (() => void) | undefined;
    const again = (): void => {
      setIsWatched(false);
      cancelAgain ??= timers.setTimer(againMs, () => setAttempt((before) => before + 1));
    };
    // Not shared with other tabs: each has to hear of what changed since it looked.
    const unsubscribe = liveConnection().subscribe({ case: 'folder', value: { vm, path } }, false, (event) => {
      if (event.case === 'folder') {
        setIsWatched(!event.value.gone);
        pace.changed();
        if (event.value.gone) again();
      } else if (event.case === 'error') {
        if (final.has(event.value.reason)) setIsWatched(false);
        else again();
      }
    });
    return () => {
      unsubscribe();
      pace.stop();
      cancelAgain?.();
      document.removeEventListener('visibilitychange', onVisibility);
    };
  }, [vm, path, attempt]);
  return isWatched;
}
