import type { Axis, Options, Series } from 'uplot';
import { byteSteps, formatTicks } from './format-metric.ts';
import { formatTimeTicks } from './format-time-ticks.ts';
import type { MetricChart, MetricUnit } from './metric-chart.ts';
import type { ChartColors } from './use-chart-colors.ts';

export interface PlotEvents {
  /** Called with the index of the interval at the pointer, in this chart or a synchronised one. */
  readonly onCursor: (index: number | undefined) => void;
  /** Called when a time span was selected by dragging. */
  readonly onZoom: (fromMs: number, toMs: number) => void;
}

export interface PlotSetup {
  readonly chart: MetricChart;
  readonly banded: boolean;
  readonly colors: ChartColors;
  readonly size: { readonly width: number; readonly height: number };
  /** Charts with the same key synchronise their cursors. */
  readonly syncKey: string;
  /** Returns the first and last second shown. */
  readonly window: () => readonly [number, number];
}

/** Dash patterns, so that lines differ in more than colour. */
const dashes: readonly number[][] = [[], [6, 3], [2, 3], [8, 3, 2, 3]];
/** A drag over fewer pixels counts as a click. */
const shortestDrag = 5;
const font = '11.5px system-ui, sans-serif';

/** Options for uPlot: averages as lines, minimum to maximum as bands, gaps for missing values. */
export function plotOptions(setup: PlotSetup, { onCursor, onZoom }: PlotEvents): Options {
  const { chart, banded, colors, size, syncKey } = setup;
  const lines = chart.series.length;
  return {
    ...size,
    legend: { show: false },
    padding: [10, 8, 0, 0],
    cursor: {
      sync: { key: syncKey, setSeries: false },
      drag: { x: true, y: false, setScale: false, dist: shortestDrag },
      y: false,
      points: { size: 7 },
    },
    scales: {
      x: { time: true, range: () => [...setup.window()] },
      y: { range: (_, least, most) => [Math.min(0, least ?? 0), topOf(chart.unit, most ?? 0)] },
    },
    axes: [axis(colors, timeAxis), axis(colors, valueAxis(chart.unit))],
    series: [{}, ...chart.series.flatMap((_, index) => lineAndEdges(index, banded, colors))],
    bands: banded
      ? Array.from({ length: lines }, (_, index) => ({
          series: [3 + index * 3, 2 + index * 3] as [number, number],
          fill: withAlpha(colors.lines[index % colors.lines.length] ?? colors.text, 0.18),
        }))
      : [],
    hooks: {
      setCursor: [({ cursor: { idx } }) => onCursor(idx ?? undefined)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < shortestDrag) return;
          const [from, to] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          onZoom(from * 1000, to * 1000);
        },
      ],
    },
  };
}

const timeAxis: Axis = {
  size: 26,
  gap: 6,
  space: 64,
  values: (_, ticks, _axis, _space, stepSeconds) => formatTimeTicks(ticks, stepSeconds),
};

/** The average line; and with bands, the minimum and maximum, which are not drawn themselves. */
function lineAndEdges(index: number, banded: boolean, colors: ChartColors): Series[] {
  const edge: Series = { stroke: 'transparent', width: 0, points: { show: false } };
  const line: Series = {
    stroke: colors.lines[index % colors.lines.length] ?? colors.text,
    width: 1.75,
    dash: [...(dashes[index % dashes.length] ?? [])],
    ...(index === 0 && !banded ? { fill: withAlpha(colors.lines[0] ?? colors.text, 0.1) } : {}),
  };
  return banded ? [line, edge, { ...edge }] : [line];
}

function axis({ grid, text }: ChartColors, more: Axis): Axis {
  return { stroke: text, font, grid: { stroke: grid, width: 1 }, ticks: { show: false }, ...more };
}

function valueAxis(unit: MetricUnit): Axis {
  const bytes = unit === 'bytes' || unit === 'bytes_per_second';
  return {
    size: 74,
    gap: 8,
    space: 36,
    values: (_, ticks) => formatTicks(ticks, unit),
    ...(bytes ? { incrs: [...byteSteps] } : {}),
  };
}

/** The top of the value axis, with a lower limit so that small values do not fill the chart. */
function topOf(unit: MetricUnit, most: number): number {
  const least = { percent: 10, bytes: 1024 * 1024, bytes_per_second: 1024, count: 1 }[unit];
  if (unit === 'percent') return most > 50 && most <= 100 ? 100 : Math.max(least, most * 1.15);
  return Math.max(least, most * 1.1);
}

function withAlpha(color: string, alpha: number): string {
  const [, red = '0', green = '0', blue = '0'] = /^#(..)(..)(..)$/.exec(color) ?? [];
  return `rgb(${Number.parseInt(red, 16)} ${Number.parseInt(green, 16)} ${Number.parseInt(blue, 16)} / ${alpha})`;
}
