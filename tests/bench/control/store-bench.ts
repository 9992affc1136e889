import { silentLog } from '@innkeeper/kit';
import { openStore, type Store } from '@innkeeper/store';
import { History } from '../../../apps/innkeeper/src/node/history/history.ts';
import { metricReport } from '../../../apps/innkeeper/src/node/history/metric-points.ts';
import { image, vm as vmRow } from '../../../packages/store/src/testing/rows.ts';
import { type Metric, makeMetric } from '../metric.ts';
import { FakeVms } from './fake-vms.ts';

/** Concurrent writers of the audit. */
const writers = 10;
const reportIntervalMs = 5000;
/** History is written once a minute. */
const reportsPerWrite = 12;

export interface StoreBenchOptions {
  /** Path of a new database. */
  readonly path: string;
  readonly auditEntries: number;
  readonly vms: number;
}

/** The cost of the store: the audit with its hash chain, and a minute of history of many VMs. */
export async function* benchStore({ path, auditEntries, vms }: StoreBenchOptions): AsyncGenerator<Metric> {
  await using store = await openStore(path);
  yield* benchAudit(store, auditEntries);
  yield* benchHistory(store, vms);
}

async function* benchAudit({ audit }: Store, count: number): AsyncGenerator<Metric> {
  const facts = {
    user_name: 'alice',
    via: 'session',
    address: '192.0.2.1',
    action: 'guest.exec',
    result: 'ok',
    vm_id: '00000000-0000-4000-8000-000000000000',
    vm_name: 'web-1',
    parameters: JSON.stringify({ argv: ['/usr/bin/systemctl', 'restart', 'nginx.service'], user: 'root' }),
  };
  const writing = performance.now();
  for (let done = 0; done < count; done += writers)
    await Promise.all(Array.from({ length: writers }, () => audit.append({ ...facts, time_ms: done })));
  const written = performance.now();
  const { entries, brokenAtId } = await audit.verify();
  if (brokenAtId !== undefined) throw new Error(`the audit is broken at entry ${brokenAtId}`);
  yield makeMetric({ metric: 'audit, written', value: (1000 * entries) / (written - writing), unit: 'entries/s' });
  const verifyMs = performance.now() - written;
  yield makeMetric({ metric: 'audit, verified', value: (1000 * entries) / verifyMs, unit: 'entries/s' });
}

async function* benchHistory(store: Store, count: number): AsyncGenerator<Metric> {
  await store.images.insert(image);
  const reports = new FakeVms(count).list().map((vm) => ({
    id: vm.id,
    name: vm.name,
    report: metricReport(vm.describe().telemetry, undefined),
  }));
  for (const { id, name } of reports) await store.vms.insert({ ...vmRow, id, name });
  const startMs = Date.UTC(2026, 0, 1);
  await using history = new History({ blocks: store.history, log: silentLog, now: () => startMs });
  // Opens them, which is not measured.
  for (const { id, report } of reports) await history.record(id, report, startMs);
  const recording = performance.now();
  for (let each = 1; each < reportsPerWrite; each++)
    for (const { id, report } of reports) await history.record(id, report, startMs + each * reportIntervalMs);
  const recorded = performance.now();
  const recordUs = (1000 * (recorded - recording)) / (count * (reportsPerWrite - 1));
  yield makeMetric({ metric: 'history, one report recorded', value: recordUs, unit: 'µs' });
  await history.flush();
  const flushMs = performance.now() - recorded;
  yield makeMetric({ metric: `history, a minute of ${count} VMs written`, value: flushMs, unit: 'ms' });
}
