import { useQueryClient } from '@tanstack/react-query';
import { type JSX, useEffect } from 'react';
import { meKey } from '../api/session.ts';
import { formatTime } from '../format/format-time.ts';
import { useLiveState } from '../live/use-live.ts';

/** Says that what the page shows is old, while the daemon is not connected. */
export function LiveBanner(): JSX.Element {
  const { state, lostSinceMs } = useLiveState();
  const client = useQueryClient();
  useEffect(() => {
    // The session may be what ended: then the answer leads to the login.
    if (state === 'lost') void client.invalidateQueries({ queryKey: meKey });
    else if (state === 'connected')
      void client.invalidateQueries({ predicate: ({ state: each }) => each.status === 'error' });
  }, [state, client]);
  const lost = state === 'lost' && lostSinceMs !== undefined;
  return (
    <div role="status" className={lost ? 'live-banner' : 'visually-hidden'}>
      {lost &&
        `The daemon does not answer since ${formatTime(new Date(lostSinceMs))}; what you see is from then. This page goes on by itself.`}
    </div>
  );
}
