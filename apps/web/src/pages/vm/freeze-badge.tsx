import type { Vm } from '@innkeeper/contract/control';
import { type JSX, useEffect, useState } from 'react';
import { Badge } from '../../components/vm-badges.tsx';
import { formatDuration } from '../../format/format-duration.ts';

/** Shown while the guest's file systems are frozen, with the time until it thaws by itself. */
export function FreezeBadge({ vm: { telemetry } }: { readonly vm: Vm }): JSX.Element | null {
  const isFrozen = telemetry?.frozen === true;
  const leftMs = telemetry?.freezeLeaseLeftMs;
  const sampled = telemetry?.monotonicNs;
  const [now, setNow] = useState(() => performance.now());
  const [endsAt, setEndsAt] = useState<number>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: each report starts the clock again, also with the same rest.
  useEffect(() => setEndsAt(leftMs === undefined ? undefined : performance.now() + leftMs), [leftMs, sampled]);
  useEffect(() => {
    if (!isFrozen) return;
    const timer = setInterval(() => setNow(performance.now()), 1000);
    return () => clearInterval(timer);
  }, [isFrozen]);
  if (!isFrozen) return null;
  const left = endsAt === undefined ? undefined : Math.max(0, Math.round((endsAt - now) / 1000));
  const hint =
    'The file systems are frozen: programs in the guest that write wait.' +
    (left === undefined ? '' : ' The guest thaws by itself when this time is over.');
  return (
    <Badge tone="busy" hint={hint}>
      frozen
      {left !== undefined && (
        <>
          , thaws in <span className="number">{formatDuration(left)}</span>
        </>
      )}
    </Badge>
  );
}
