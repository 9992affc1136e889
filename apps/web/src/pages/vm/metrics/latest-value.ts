import type { ChartSeries, ChartSet } from './metric-chart.ts';

/** A source that reported nothing for longer than this, in seconds, is not current: an agent is lost after as long. */
const currentSeconds = 15;

/** Sources of which the VM has a current value. */
export type CurrentSources = ReadonlySet<ChartSeries['source']>;

export interface LatestValue {
  /** null: never measured in the range. */
  readonly value: number | null;
  /** When it was measured, in seconds since 1970, if it is old: its source reports nothing now, or did not at the end of the range. */
  readonly oldSeconds?: number;
}

/** The agent reports while it is connected, the hypervisor while its process runs. */
export function currentSources(isAgentConnected: boolean, isProcessRunning: boolean): CurrentSources {
  const sources = new Set<ChartSeries['source']>();
  if (isAgentConnected) sources.add('agent');
  if (isProcessRunning) sources.add('hypervisor');
  return sources;
}

/** The latest measured value of a line, with its time if it must not be taken for the present one. */
export function latestOf(
  { average, source }: Pick<ChartSeries, 'average' | 'source'>,
  { times, stepMs }: Pick<ChartSet, 'times' | 'stepMs'>,
  current: CurrentSources,
): LatestValue {
  const index = average.findLastIndex((value) => value !== null);
  const value = average[index] ?? null;
  const [measured, end] = [times[index], times.at(-1)];
  if (value === null || measured === undefined || end === undefined) return { value: null };
  const isOld = !current.has(source) || end - measured > Math.max(currentSeconds, stepMs / 1000);
  return isOld ? { value, oldSeconds: measured } : { value };
}
