import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { spawnInn } from '../inn.ts';
import { showVm } from '../vm-state.ts';

/** The guest's CPU usage over one interval of telemetry, and how long its hypervisor waited for a CPU meanwhile. */
export interface BusySample {
  readonly busyPercent: number;
  /** Percentage of the interval in which a runnable thread of the hypervisor had no CPU of the host. */
  readonly hostWaitPercent: number;
}

/** Above this, the host’s load and not the guest determines the guest’s measurement: at 36 % it was still exact, at 104 % not. */
const calmPercent = 40;
const maxIntervals = 24;

/**
 * Runs a busy loop in the guest and resolves to the agent's report over the first interval in which the host was idle
 * enough, or the best of many. The loop is ended by a signal that `inn` forwards, and has ended when this resolves.
 */
export async function measureBusyLoop(
  name: string,
  dataDirectory: string,
): Promise<{ readonly sample: BusySample; readonly exitCode: number }> {
  const child = spawnInn(['exec', name, '--', 'sh', '-c', 'echo running; while :; do :; done'], { dataDirectory });
  child.stdin.end();
  child.stderr.resume();
  const closed = once(child, 'close');
  try {
    await once(child.stdout, 'data');
    const sample = await calmestInterval(name, dataDirectory);
    child.kill('SIGTERM');
    const [exitCode, signal] = (await closed) as [number | null, NodeJS.Signals | null];
    // inn dies of the signal that it forwarded; a shell shows that as 143.
    return { sample, exitCode: exitCode ?? (signal === 'SIGTERM' ? 143 : -1) };
  } finally {
    child.kill('SIGKILL');
  }
}

async function calmestInterval(name: string, dataDirectory: string): Promise<BusySample> {
  let calmest: BusySample | undefined;
  // The interval in which the loop began is skipped.
  let last = await nextReport(name, dataDirectory, undefined);
  for (let count = 0; count < maxIntervals; count++) {
    const next = await nextReport(name, dataDirectory, last.monotonicNs);
    const waitedNs = next.hostWaitNs - last.hostWaitNs;
    const sample = {
      busyPercent: next.busyPercent,
      hostWaitPercent: (waitedNs / (next.seenMs - last.seenMs) / 1e6) * 100,
    };
    last = next;
    if (calmest === undefined || sample.hostWaitPercent < calmest.hostWaitPercent) calmest = sample;
    if (sample.hostWaitPercent < calmPercent) break;
  }
  if (calmest === undefined) throw new Error('no interval was measured');
  return calmest;
}

interface Report {
  readonly monotonicNs: bigint;
  readonly busyPercent: number;
  readonly hostWaitNs: number;
  readonly seenMs: number;
}

async function nextReport(name: string, dataDirectory: string, after: bigint | undefined): Promise<Report> {
  const deadline = performance.now() + 30_000;
  const from = after ?? (await showVm(name, dataDirectory)).telemetry?.monotonicNs ?? 0n;
  while (performance.now() < deadline) {
    const { telemetry, hypervisor } = await showVm(name, dataDirectory);
    if (telemetry !== undefined && telemetry.monotonicNs > from)
      return {
        monotonicNs: telemetry.monotonicNs,
        busyPercent: telemetry.cpu?.busyPercent ?? Number.NaN,
        hostWaitNs: runQueueWaitNs(hypervisor?.pid ?? 0),
        seenMs: performance.now(),
      };
    await delay(100);
  }
  throw new Error(`${name} sent no telemetry for 30 s`);
}

/** Total time that all threads of a process waited for a CPU: the second figure of /proc/PID/schedstat. */
function runQueueWaitNs(pid: number): number {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[1] ?? 0);
    } catch (error) {
      // A thread of the hypervisor's I/O pool ended.
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
  return total;
}
