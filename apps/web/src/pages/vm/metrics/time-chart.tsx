import { type JSX, useEffect, useEffectEvent, useRef } from 'react';
import UPlot, { type AlignedData } from 'uplot';
import type { MetricChart } from './metric-chart.ts';
import { type PlotEvents, type PlotSetup, plotOptions } from './plot-options.ts';

export interface TimeChartProps extends PlotEvents, Pick<PlotSetup, 'chart' | 'banded' | 'colors' | 'syncKey'> {
  readonly times: readonly number[];
  /** First and last second shown, whether measured or not. */
  readonly window: readonly [number, number];
  /** Description for screen readers. */
  readonly description: string;
}

const height = 190;

/** A line chart on a canvas. New values update the existing plot; other lines create a new one. */
export function TimeChart(props: TimeChartProps): JSX.Element {
  const { chart, banded, colors, syncKey, times, window, description } = props;
  const container = useRef<HTMLDivElement>(null);
  const plot = useRef<UPlot>(undefined);
  const current = useEffectEvent(() => props);
  const lines = chart.series.map(({ metric }) => metric).join('\n');

  // biome-ignore lint/correctness/useExhaustiveDependencies: the effect below updates values; only other lines and colours need a new plot
  useEffect(() => {
    const element = container.current;
    if (element === null) return;
    const options = plotOptions(
      {
        chart,
        banded,
        colors,
        syncKey,
        size: { width: element.clientWidth, height },
        window: () => current().window,
      },
      {
        onCursor: (index) => current().onCursor(index),
        onZoom: (from, to) => current().onZoom(from, to),
      },
    );
    const made = new UPlot(options, dataOf(current().times, current().chart, banded), element);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [lines, banded, colors, syncKey]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the window is read while drawing
  useEffect(() => {
    plot.current?.setData(dataOf(times, chart, banded));
  }, [times, chart, banded, window[0], window[1]]);

  return <div ref={container} className="metrics-plot" role="img" aria-label={description} />;
}

function dataOf(times: readonly number[], { series }: MetricChart, banded: boolean): AlignedData {
  const values = series.flatMap(({ average, minimum, maximum }) =>
    banded ? [[...average], [...minimum], [...maximum]] : [[...average]],
  );
  return [[...times], ...values];
}
