import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type Metric, makeMetric } from '../metric.ts';
import type { LiveViewersData, LiveViewersReport } from './live-viewers.ts';
import type { ManyVms } from './many-vms.ts';

const viewers = 50;
const reportEveryMs = 100;

/**
 * The cost of live lists in 50 browsers while a fifth of the VMs reports every second: CPU time of the server's thread,
 * without the browsers', which have a separate thread.
 */
export async function* benchLive({ vms, socketPath }: ManyVms, seconds: number): AsyncGenerator<Metric> {
  const workerData: LiveViewersData = { socketPath, count: viewers };
  const worker = new Worker(new URL('live-viewers.ts', import.meta.url), { workerData });
  const reports = setInterval(() => vms.report(reportEveryMs), reportEveryMs);
  const stalls = monitorEventLoopDelay({ resolution: 1 });
  try {
    await once(worker, 'message');
    await ask(worker);
    stalls.enable();
    const began = performance.now();
    const before = process.threadCpuUsage();
    await delay(seconds * 1000);
    const { user, system } = process.threadCpuUsage(before);
    const elapsedMs = performance.now() - began;
    stalls.disable();
    const { events, bytes } = await ask(worker);
    const name = `${vms.list().length} VMs live to ${viewers} browsers`;
    const cores = (user + system) / 1000 / elapsedMs;
    yield makeMetric({ metric: `${name}, CPU`, value: 100 * cores, unit: '% of core' });
    yield makeMetric({ metric: `${name}, stall p99`, value: stalls.percentile(99) / 1e6, unit: 'ms' });
    // Each is updated at most once a second and the list changes constantly: far fewer updates mean that it falls behind.
    const perSecond = (1000 * events) / elapsedMs / viewers;
    yield makeMetric({ metric: `${name}, updates`, value: perSecond, unit: 'per s' });
    yield makeMetric({ metric: `${name}, one update`, value: bytes / 1000 / events, unit: 'kB' });
  } finally {
    clearInterval(reports);
    await worker.terminate();
  }
}

async function ask(worker: Worker): Promise<LiveViewersReport> {
  worker.postMessage('report');
  const [report] = (await once(worker, 'message')) as [LiveViewersReport];
  return report;
}
