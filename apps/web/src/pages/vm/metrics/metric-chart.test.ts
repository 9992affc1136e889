import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create } from '@bufbuild/protobuf';
import { QueryHistoryResponseSchema } from '@innkeeper/contract/control';
import { describeChart } from './describe-chart.ts';
import { formatMetric, formatTicks } from './format-metric.ts';
import { currentSources, latestOf } from './latest-value.ts';
import { chartsOf, type MetricChart } from './metric-chart.ts';
import { rangeOf, zoomAround, zoomOf } from './metric-range.ts';
import { metricsCsv } from './metrics-csv.ts';
import { youngWindow } from './young-window.ts';

const none = Number.NaN;
const series = (metric: string, unit: string, average: number[], source = 'agent') => ({
  metric,
  unit,
  source,
  average,
  minimum: average.map((value) => value - 1),
  maximum: average.map((value) => value + 1),
});

const answer = create(QueryHistoryResponseSchema, {
  startUnixNs: 1_700_000_000_000_000_000n,
  stepNs: 60_000_000_000n,
  series: [
    series('cpu.busy_percent', 'percent', [3, none, 5]),
    series('hypervisor.cpu_percent', 'percent', [1, 2, none], 'hypervisor'),
    series('memory.total_bytes', 'bytes', [2048, 2048, 2048]),
    series('memory.used_bytes', 'bytes', [1024, 1024, 1024]),
    series('mount./a,"b".used_percent', 'percent', [7, 7, 7]),
    series('mount./a,"b".used_bytes', 'bytes', [7, 7, 7]),
    series('hypervisor.disk_read_bytes_per_second', 'bytes_per_second', [1, 2, 3], 'hypervisor'),
    series('hypervisor.disk_written_bytes_per_second', 'bytes_per_second', [1, 2, 3], 'hypervisor'),
    series('network.eth0.rx_bytes_per_second', 'bytes_per_second', [0, 10, 20]),
    series('network.eth0.tx_bytes_per_second', 'bytes_per_second', [0, 10, 20]),
    series('network.eth1.rx_bytes_per_second', 'bytes_per_second', [0, 10, 20]),
    series('unknown.to_us', 'count', [1, 1, 1]),
  ],
});

describe('the charts of an answer', () => {
  const set = chartsOf(answer);
  const described = (chart: MetricChart | undefined, current = currentSources(true, true)): string =>
    describeChart(
      chart ?? assert.fail(),
      (chart?.series ?? []).map((one) => latestOf(one, set, current)),
    );

  it('chartsOf returns charts in a fixed order, one per interface, and ignores unknown metrics', () => {
    assert.deepEqual(
      set.charts.map(({ title }) => title),
      ['CPU', 'Memory', 'Mounts', 'Disk I/O', 'Network eth0', 'Network eth1'],
    );
    assert.deepEqual(
      set.charts[1]?.series.map(({ label }) => label),
      ['Used', 'Total'],
    );
    assert.deepEqual(set.times, [1_700_000_000, 1_700_000_060, 1_700_000_120]);
  });

  it('chartsOf has gaps, not zeros, for missing measurements', () => {
    assert.deepEqual(set.charts[0]?.series[0]?.average, [3, null, 5]);
    assert.deepEqual(set.charts[0]?.series[1]?.minimum, [0, 1, null]);
    assert.deepEqual(chartsOf(create(QueryHistoryResponseSchema)).charts, []);
  });

  it('chartsOf has bands if intervals contain more than one measurement', () => {
    assert.equal(set.banded, true);
    assert.equal(chartsOf({ ...answer, stepNs: 5_000_000_000n }).banded, false);
  });

  it('chartsOf and describeChart name the source of each line', () => {
    assert.deepEqual(
      set.charts[0]?.series.map(({ source }) => source),
      ['agent', 'hypervisor'],
    );
    assert.match(
      described(set.charts.find(({ title }) => title === 'Disk I/O')),
      /^Disk I\/O\. Read \(hypervisor\): latest .*\. Written \(hypervisor\): /,
    );
    assert.match(
      described(set.charts[0]),
      /^CPU\. Busy in the guest \(agent\): latest 5\.0 %, minimum 2\.0 %, maximum 6\.0 %\./,
    );
  });

  it('the latest value of a lost agent or a stopped VM has its age, in the legend and for screen readers', () => {
    const [busy] = set.charts[0]?.series ?? [];
    assert.ok(busy);
    assert.deepEqual(latestOf(busy, set, currentSources(true, true)), { value: 5 });
    assert.deepEqual(latestOf(busy, set, currentSources(false, true)), { value: 5, oldSeconds: 1_700_000_120 });
    assert.match(described(set.charts[0], currentSources(false, true)), /\(agent\): latest 5\.0 % at .*, minimum/);
    assert.doesNotMatch(described(set.charts[0], currentSources(false, true)), /\(hypervisor\): latest 2\.0 % at /);
    assert.match(described(set.charts[0], currentSources(false, false)), /\(hypervisor\): latest 2\.0 % at /);
  });

  it('the latest value of a connected agent has its age if it is more than 15 s and an interval before the end', () => {
    const times = [0, 5, 10, 15, 20];
    const latest = (average: (number | null)[], stepMs: number) =>
      latestOf({ average, source: 'agent' }, { times, stepMs }, currentSources(true, true));
    assert.deepEqual(latest([1, 2, null, null, null], 5000), { value: 2 });
    assert.deepEqual(latest([1, null, null, null, null], 5000), { value: 1, oldSeconds: 0 });
    assert.deepEqual(latest([1, null, null, null, null], 60_000), { value: 1 });
    assert.deepEqual(latest([null, null, null, null, null], 5000), { value: null });
  });

  it('metricsCsv has empty fields for missing measurements, and quotes the guest’s mount names', () => {
    const [head = '', , second = ''] = metricsCsv(set).split('\r\n');
    assert.match(head, /^time,"?cpu\.busy_percent \(agent, percent, average\)/);
    assert.match(head, /"mount\.\/a,""b""\.used_percent/);
    assert.match(second, /^2023-11-14T22:14:20\.000Z,,,,2,1,3,/);
  });
});

describe('ranges and zooms', () => {
  const parameters = (text: string) => new URLSearchParams(text);

  it('rangeOf and zoomOf read the address, and ignore invalid values', () => {
    assert.equal(rangeOf(parameters('range=7d')).lengthMs, 7 * 24 * 3_600_000);
    assert.equal(rangeOf(parameters('range=toString')).key, '15m');
    assert.deepEqual(zoomOf(parameters('from=1000000&to=2000000')), { fromMs: 1_000_000, toMs: 2_000_000 });
    for (const text of ['', 'from=1', 'from=20000&to=10000', 'from=x&to=y', 'from=-1&to=100000', 'from=0&to=1'])
      assert.equal(zoomOf(parameters(text)), undefined, text);
  });

  it('zoomAround never zooms below the measurement interval', () => {
    assert.deepEqual(zoomAround(50_000, 51_000), { fromMs: 45_500, toMs: 55_500 });
  });
});

describe('figures', () => {
  it('formatMetric and formatTicks add the unit', () => {
    assert.equal(formatMetric(3400, 'bytes_per_second'), '3.32 KiB/s');
    assert.equal(formatMetric(null, 'percent'), '–');
    assert.deepEqual(formatTicks([0, 524_288, 1_048_576], 'bytes'), ['0.0 MiB', '0.5 MiB', '1.0 MiB']);
    assert.deepEqual(formatTicks([0, 50, 100], 'percent'), ['0 %', '50 %', '100 %']);
  });

  it('formatTicks never rounds a label to a value that its line does not have', () => {
    assert.deepEqual(formatTicks([0, 0.25, 0.5, 0.75, 1, 1.25], 'count'), [
      '0.00',
      '0.25',
      '0.50',
      '0.75',
      '1.00',
      '1.25',
    ]);
    assert.deepEqual(formatTicks([0, 0.1, 0.2, 0.30000000000000004], 'percent'), ['0.0 %', '0.1 %', '0.2 %', '0.3 %']);
    const eighths = [0, 131_072, 1_179_648];
    assert.deepEqual(formatTicks(eighths, 'bytes'), ['0.000 MiB', '0.125 MiB', '1.125 MiB']);
    for (const unit of ['count', 'percent', 'bytes'] as const)
      for (const step of [0.01, 0.02, 0.05, 0.125, 0.25, 0.5, 2.5])
        assert.equal(
          new Set(
            formatTicks(
              Array.from({ length: 9 }, (_, index) => index * step),
              unit,
            ),
          ).size,
          9,
          `${step}`,
        );
  });

  it('the window of a young VM begins with its first measurement, and is at least a minute long', () => {
    const times = Array.from({ length: 180 }, (_, index) => 1000 + index * 5);
    const from = (first: number): (number | null)[] => times.map((time) => (time < first ? null : 1));
    const chart = (first: number) => ({
      times,
      stepMs: 5000,
      banded: false,
      charts: [
        {
          key: 'cpu',
          title: 'CPU',
          unit: 'percent' as const,
          series: [
            { metric: 'm', label: 'l', source: 'agent' as const, average: from(first), minimum: [], maximum: [] },
          ],
        },
      ],
    });
    assert.deepEqual(youngWindow(chart(1700), [1000, 1900]), [1695, 1900]);
    assert.deepEqual(youngWindow(chart(1890), [1000, 1900]), [1840, 1900]);
    // Measured almost from the beginning: the whole range stays.
    assert.deepEqual(youngWindow(chart(1005), [1000, 1900]), [1000, 1900]);
    assert.deepEqual(youngWindow({ ...chart(1000), charts: [] }, [1000, 1900]), [1000, 1900]);
  });
});
