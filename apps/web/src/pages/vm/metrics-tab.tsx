import { AgentState, type Vm } from '@innkeeper/contract/control';
import { useCallbackRef } from '@mantine/hooks';
import { type JSX, useMemo, useRef, useState } from 'react';
import { needsAttention } from '../../components/agent-view.ts';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { saveAsFile } from '../../components/save-as-file.ts';
import { unknownReason } from '../../components/unknown-reason.ts';
import { useParameters } from '../use-parameters.ts';
import { currentSources } from './metrics/latest-value.ts';
import { MetricCard } from './metrics/metric-card.tsx';
import { rangeOf, zoomAround, zoomOf } from './metrics/metric-range.ts';
import { metricsCsv } from './metrics/metrics-csv.ts';
import { MetricsTable } from './metrics/metrics-table.tsx';
import { MetricsTools } from './metrics/metrics-tools.tsx';
import { useChartColors } from './metrics/use-chart-colors.ts';
import { useMetrics } from './metrics/use-metrics.ts';
import type { VmTabProps } from './vm-tab.ts';

/** Metrics of the VM over time. Range, zoom and view are in the address. */
export function MetricsTab({ vm }: VmTabProps): JSX.Element {
  const [parameters, change] = useParameters({ replace: false });
  const [paused, setPaused] = useState(false);
  const colors = useChartColors();
  const range = rangeOf(parameters);
  const zoom = zoomOf(parameters);
  const isAgentConnected = vm.agent?.state === AgentState.CONNECTED;
  const isProcessRunning = vm.hypervisor !== undefined;
  // Kept, so that the charts are not drawn again with each change of the VM.
  const current = useMemo(
    () => currentSources(isAgentConnected, isProcessRunning),
    [isAgentConnected, isProcessRunning],
  );
  const table = parameters.get('view') === 'table';
  const { set, window, error, refetch } = useMetrics(vm.id, range, zoom, !paused && zoom === undefined);
  const zoomTo = (fromMs: number, toMs: number): void => {
    const next = zoomAround(fromMs, toMs);
    change({ from: String(next.fromMs), to: String(next.toMs) });
  };
  const onZoom = useOncePerTick(zoomTo);
  const [fromMs, toMs] = [zoom?.fromMs ?? window[0] * 1000, zoom?.toMs ?? window[1] * 1000];
  const lengthMs = toMs - fromMs;
  const move = (direction: -1 | 1): void => {
    const nextMs = toMs + (direction * lengthMs) / 2;
    // The plain range always ends now.
    if (nextMs >= Date.now()) change({ from: undefined, to: undefined });
    else zoomTo(nextMs - lengthMs, nextMs);
  };
  const measured = set !== undefined && set.charts.length > 0;
  return (
    <>
      <MetricsTools
        range={range}
        zoom={zoom}
        table={table}
        paused={paused}
        onRange={(key) => change({ range: key, from: undefined, to: undefined })}
        onMove={move}
        onZoomIn={() => zoomTo(fromMs + lengthMs / 4, toMs - lengthMs / 4)}
        onZoomEnd={() => change({ from: undefined, to: undefined })}
        onTable={(wanted) => change({ view: wanted ? 'table' : undefined })}
        onPause={setPaused}
        onDownload={measured ? () => saveAsFile(`${vm.name}-metrics.csv`, metricsCsv(set), 'text/csv') : undefined}
      />
      {error !== null && <ErrorNote title="The metrics could not be loaded" error={error} onRetry={refetch} />}
      {set !== undefined && !measured && <NothingMeasured vm={vm} zoomed={zoom !== undefined} />}
      {measured && table && <MetricsTable set={set} />}
      {measured && !table && (
        <div className="metrics-charts">
          {set.charts.map((chart) => (
            <MetricCard
              key={chart.key}
              chart={chart}
              window={window}
              colors={colors}
              onZoom={onZoom}
              times={set.times}
              stepMs={set.stepMs}
              current={current}
              banded={set.banded}
              syncKey={vm.id}
            />
          ))}
        </div>
      )}
    </>
  );
}

function NothingMeasured({ vm, zoomed }: { readonly vm: Vm; readonly zoomed: boolean }): JSX.Element {
  if (zoomed)
    return (
      <EmptyState title="No measurements in this time">
        The VM or the daemon was not running. Choose another time.
      </EmptyState>
    );
  return (
    <EmptyState title="No measurements yet" command={needsAttention(vm) ? `inn doctor ${vm.name}` : undefined}>
      Charts appear within seconds after the agent reports. {unknownReason(vm.agent)}
    </EmptyState>
  );
}

/** Synchronised charts all report the same zoom in one tick: only the first call counts, from the chart dragged on. */
function useOncePerTick(act: (fromMs: number, toMs: number) => void): (fromMs: number, toMs: number) => void {
  const hasFired = useRef(false);
  return useCallbackRef((fromMs: number, toMs: number) => {
    if (hasFired.current) return;
    hasFired.current = true;
    setTimeout(() => {
      hasFired.current = false;
    });
    act(fromMs, toMs);
  });
}
