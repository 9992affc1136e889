import type { JSX } from 'react';
import { useNow } from '../../components/use-now.ts';
import { formatDuration } from '../../format/format-duration.ts';
import { formatElapsed } from '../../format/format-elapsed.ts';
import { lastedNs } from './target-outcome.ts';

export interface ElapsedProps {
  readonly startedUnixNs?: bigint | undefined;
  readonly endedUnixNs?: bigint | undefined;
}

/** How long it took, or has run up to now; nothing before it began. */
export function Elapsed({ startedUnixNs, endedUnixNs }: ElapsedProps): JSX.Element | null {
  const running = startedUnixNs !== undefined && endedUnixNs === undefined;
  const ns = lastedNs({ startedUnixNs, endedUnixNs }, useNow(running));
  if (ns === undefined) return null;
  return <span className="number">{running ? formatDuration(Number(ns) / 1e9) : formatElapsed(ns)}</span>;
}
