import { Button, SegmentedControl } from '@mantine/core';
import type { JSX } from 'react';
import { Icon } from '../../../components/icon.tsx';
import { formatFullTime } from '../../../format/format-time.ts';
import { type MetricRange, metricRanges, type Zoom } from './metric-range.ts';

export interface MetricsToolsProps {
  readonly range: MetricRange;
  readonly zoom: Zoom | undefined;
  readonly table: boolean;
  readonly paused: boolean;
  readonly onRange: (key: string) => void;
  /** Moves earlier (-1) or later (1) by half of the shown time. */
  readonly onMove: (direction: -1 | 1) => void;
  /** Zooms to the middle half of the shown time. */
  readonly onZoomIn: () => void;
  readonly onZoomEnd: () => void;
  readonly onTable: (table: boolean) => void;
  readonly onPause: (paused: boolean) => void;
  readonly onDownload: (() => void) | undefined;
}

/** The toolbar of the metrics: range, zoom, pause, view, download. */
export function MetricsTools(props: MetricsToolsProps): JSX.Element {
  const { range, zoom, table, paused, onRange, onMove, onZoomIn, onZoomEnd, onTable, onPause, onDownload } = props;
  return (
    <div className="metrics-tools">
      <div className="metrics-ranges">
        <SegmentedControl
          size="xs"
          aria-label="Time shown"
          data={metricRanges.map(({ key, label }) => ({ value: key, label }))}
          value={zoom === undefined ? range.key : ''}
          onChange={onRange}
        />
      </div>
      <div className="row">
        <button
          type="button"
          className="icon-button small"
          aria-label="Earlier"
          data-hint="Earlier"
          onClick={() => onMove(-1)}
        >
          <Icon name="earlier" />
        </button>
        <button
          type="button"
          className="icon-button small"
          aria-label="Later"
          data-hint={zoom === undefined ? 'Already at the latest data' : 'Later'}
          disabled={zoom === undefined}
          onClick={() => onMove(1)}
        >
          <Icon name="later" />
        </button>
        <button
          type="button"
          className="icon-button small"
          aria-label="Zoom in"
          data-hint="Zoom in, or drag across a chart"
          onClick={onZoomIn}
        >
          <Icon name="zoom" size={15} />
        </button>
      </div>
      {zoom !== undefined && (
        <div className="row wrap metrics-zoom" role="status">
          <span className="number">
            {formatFullTime(new Date(zoom.fromMs))} – {formatFullTime(new Date(zoom.toMs))}
          </span>
          <Button size="compact-sm" variant="default" onClick={onZoomEnd}>
            Back to {range.label}
          </Button>
        </div>
      )}
      <div className="grow" />
      {zoom === undefined && (
        <Button
          size="xs"
          variant="default"
          aria-pressed={paused}
          leftSection={<Icon name={paused ? 'resume' : 'pause'} size={13} />}
          onClick={() => onPause(!paused)}
        >
          {paused ? 'Resume' : 'Pause'}
        </Button>
      )}
      <SegmentedControl
        size="xs"
        aria-label="View"
        data={['Charts', 'Table']}
        value={table ? 'Table' : 'Charts'}
        onChange={(value) => onTable(value === 'Table')}
      />
      <Button
        size="xs"
        variant="default"
        disabled={onDownload === undefined}
        leftSection={<Icon name="download" size={14} />}
        onClick={onDownload}
      >
        CSV
      </Button>
    </div>
  );
}
