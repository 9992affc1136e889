import type { QueryHistoryResponse } from '@innkeeper/contract/control';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api } from '../../../api/api.ts';
import { type ChartSet, chartsOf } from './metric-chart.ts';
import type { MetricRange, Zoom } from './metric-range.ts';
import { youngWindow } from './young-window.ts';

/** Enough for a chart as wide as the screen; the server picks a suitable resolution. */
const maxPoints = 360;

export interface Metrics {
  readonly set: ChartSet | undefined;
  /** First and last second requested. */
  readonly window: readonly [number, number];
  readonly error: Error | null;
  readonly refetch: () => void;
}

/** Metrics of a VM in a range up to now, or in a zoom. Refreshed while live. */
export function useMetrics(vm: string, range: MetricRange, zoom: Zoom | undefined, live: boolean): Metrics {
  const { data, error, refetch } = useQuery({
    queryKey: ['metrics', vm, range.key, zoom?.fromMs, zoom?.toMs],
    queryFn: async ({ signal }) => {
      const toMs = zoom?.toMs ?? Date.now();
      const fromMs = zoom?.fromMs ?? toMs - range.lengthMs;
      const request = { vm, fromUnixNs: BigInt(fromMs) * 1_000_000n, toUnixNs: BigInt(toMs) * 1_000_000n, maxPoints };
      const answer = await api.history.queryHistory(request, { signal });
      return { answer, window: [fromMs / 1000, toMs / 1000] as const };
    },
    refetchInterval: live ? range.refreshMs : false,
    // Keeps the old lines until those of the new range arrive.
    placeholderData: (before) => before,
    structuralSharing: false,
  });
  const answer: QueryHistoryResponse | undefined = data?.answer;
  const set = useMemo(() => (answer === undefined ? undefined : chartsOf(answer)), [answer]);
  const asked = data?.window ?? [0, 1];
  // What the user selected is shown as it is.
  const window = set === undefined || zoom !== undefined ? asked : youngWindow(set, asked);
  return { set, window, error, refetch: () => void refetch() };
}
