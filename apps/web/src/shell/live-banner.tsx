import { useQueryClient } from '@tanstack/react-query';
import { type JSX, useEffect } from 'react';
import { meKey } from '../api/session.ts';
import { formatTime } from '../format/format-time.ts';
import { useLiveState } from '../live/use-live.ts';

/** Says that the page may be outdated while the daemon is not connected. */
export function LiveBanner(): JSX.Element {
  const { state, lostSinceMs } = useLiveState();
  const client = useQueryClient();
  useEffect(() => {
    // The session may have ended; the response then leads to the login.
    if (state === 'lost') void client.invalidateQueries({ queryKey: meKey });
    else if (state === 'connected')
      void client.invalidateQueries({ predicate: ({ state: each }) => each.status === 'error' });
  }, [state, client]);
  const lost = state === 'lost' && lostSinceMs !== undefined;
  return (
    <div role="status" className={lost ? 'live-banner' : 'visually-hidden'}>
      {lost &&
        `No connection to the daemon since ${formatTime(new Date(lostSinceMs))}. This page may be outdated; it reconnects automatically.`}
    </div>
  );
}
