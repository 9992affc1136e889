import { type JSX, useSyncExternalStore } from 'react';
import { formatDuration } from '../format/format-duration.ts';
import { dateOf, formatFullTime } from '../format/format-time.ts';

const listeners = new Set<() => void>();
let now = Date.now();
setInterval(() => {
  now = Date.now();
  for (const listener of listeners) listener();
}, 5000);

function readNow(): number {
  return now;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** "12 min ago", with the full time on hover. */
export function TimeAgo({ unixNs }: { readonly unixNs: bigint }): JSX.Element {
  const nowMs = useSyncExternalStore(subscribe, readNow, readNow);
  const date = dateOf(unixNs);
  const seconds = Math.max(0, (nowMs - date.getTime()) / 1000);
  return (
    <time dateTime={date.toISOString()} data-hint={formatFullTime(date)} className="number">
      {seconds < 5 ? 'now' : `${formatDuration(seconds)} ago`}
    </time>
  );
}
