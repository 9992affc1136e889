import { type JSX, useEffect, useState } from 'react';
import { formatDuration, formatElapsed } from '../../format/format-duration.ts';
import { elapsedNs } from './target-outcome.ts';

export interface ElapsedProps {
  readonly startedUnixNs?: bigint | undefined;
  readonly endedUnixNs?: bigint | undefined;
}

/** How long something took, or has been running; nothing before the start. */
export function Elapsed({ startedUnixNs, endedUnixNs }: ElapsedProps): JSX.Element | null {
  const running = startedUnixNs !== undefined && endedUnixNs === undefined;
  const ns = elapsedNs({ startedUnixNs, endedUnixNs }, useNow(running));
  if (ns === undefined) return null;
  return <span className="number">{running ? formatDuration(Number(ns) / 1e9) : formatElapsed(ns)}</span>;
}

/** The current time in milliseconds, updated every second while `ticking`. */
function useNow(ticking: boolean): number {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    setNowMs(Date.now());
    if (!ticking) return;
    const timer = setInterval(() => setNowMs(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [ticking]);
  return nowMs;
}
