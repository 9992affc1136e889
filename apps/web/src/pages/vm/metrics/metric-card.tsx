import { type JSX, memo, useState } from 'react';
import { Card } from '../../../components/card.tsx';
import { SourceLabel } from '../../../components/source-label.tsx';
import { TimeAgo } from '../../../components/time-ago.tsx';
import { formatTime } from '../../../format/format-time.ts';
import { describeChart } from './describe-chart.ts';
import { formatMetric } from './format-metric.ts';
import { type CurrentSources, latestOf } from './latest-value.ts';
import type { MetricChart } from './metric-chart.ts';
import { TimeChart } from './time-chart.tsx';
import type { ChartColors } from './use-chart-colors.ts';

export interface MetricCardProps {
  readonly chart: MetricChart;
  readonly times: readonly number[];
  readonly stepMs: number;
  readonly current: CurrentSources;
  readonly banded: boolean;
  readonly window: readonly [number, number];
  readonly colors: ChartColors;
  readonly syncKey: string;
  readonly onZoom: (fromMs: number, toMs: number) => void;
}

/** One chart with its legend, which shows the values at the pointer, otherwise the latest ones; an old one has its age. */
export const MetricCard = memo(function MetricCard(props: MetricCardProps): JSX.Element {
  const { chart, times, stepMs, colors, current } = props;
  const [index, setIndex] = useState<number>();
  const time = index === undefined ? undefined : times[index];
  const latest = chart.series.map((series) => latestOf(series, { times, stepMs }, current));
  const sources = new Set(chart.series.map(({ source }) => source));
  const [only] = sources.size === 1 ? sources : [];
  return (
    <Card
      title={chart.title}
      className="metrics-card"
      aside={
        <>
          {time !== undefined && <span className="number metrics-time">{formatTime(new Date(time * 1000))}</span>}
          {only !== undefined && <SourceLabel source={only} />}
        </>
      }
    >
      <ul className="metrics-legend">
        {chart.series.map(({ metric, label, source, average }, line) => (
          <li key={metric}>
            <span
              className="metrics-key"
              aria-hidden="true"
              style={{
                color: colors.lines[line % colors.lines.length],
                borderTopStyle: line === 0 ? 'solid' : 'dashed',
              }}
            />
            <span className="ellipsis metrics-name">{label}</span>
            {only === undefined && <SourceLabel source={source} />}
            <span className="number metrics-value">
              {formatMetric(index === undefined ? latest[line]?.value : average[index], chart.unit)}
            </span>
            {index === undefined && <OldSince seconds={latest[line]?.oldSeconds} />}
          </li>
        ))}
      </ul>
      <TimeChart {...props} onCursor={setIndex} description={describeChart(chart, latest)} />
    </Card>
  );
});

function OldSince({ seconds }: { readonly seconds: number | undefined }): JSX.Element | null {
  if (seconds === undefined) return null;
  return (
    <span className="metrics-age">
      <TimeAgo unixNs={BigInt(Math.round(seconds * 1000)) * 1_000_000n} />
    </span>
  );
}
