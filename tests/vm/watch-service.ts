import { Agent, get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { InnkeeperClient } from '@innkeeper/client';
import type { Daemon } from './daemon.ts';

const mib = 1024 * 1024;
const execEveryMs = 50;
const healthEveryMs = 25;
/** With fewer samples than this, the slowest 1 % is one or two samples; then the two slowest are ignored instead. */
const forgiven = 2;

/** The service of a daemon during a period. */
export interface Service {
  readonly execP99Ms: number;
  readonly healthP99Ms: number;
  /** Resident memory at the beginning, and the peak. */
  readonly beforeBytes: number;
  readonly peakBytes: number;
  readonly text: string;
}

/** Alternately runs commands in a VM and requests /healthz, and samples the daemon's memory, for `forMs`. */
export async function watchService(
  client: InnkeeperClient,
  daemon: Daemon,
  vm: string,
  forMs: number,
): Promise<Service> {
  const before = daemon.rssBytes();
  let peak = before;
  using agent = keptAlive();
  const untilMs = performance.now() + forMs;
  const sample = async (everyMs: number, work: () => Promise<unknown>): Promise<number[]> => {
    const tookMs: number[] = [];
    while (performance.now() < untilMs) {
      const from = performance.now();
      await work();
      tookMs.push(performance.now() - from);
      peak = Math.max(peak, daemon.rssBytes());
      await delay(everyMs);
    }
    return tookMs;
  };
  const [execs, healths] = await Promise.all([
    sample(execEveryMs, () => client.vm(vm).exec(['true']).text()),
    sample(healthEveryMs, () => askHealth(`${daemon.dataDirectory}/innkeeper.sock`, agent.agent)),
  ]);
  const service = { execP99Ms: p99(execs), healthP99Ms: p99(healths), beforeBytes: before, peakBytes: peak };
  const [exec, health] = [`p99 of ${execs.length} execs`, `of ${healths.length} /healthz`];
  return {
    ...service,
    text: `${exec} ${ms(service.execP99Ms)}, ${health} ${ms(service.healthP99Ms)}; ${(before / mib).toFixed(0)} MiB before and at most ${(peak / mib).toFixed(0)}`,
  };
}

/** The 99th percentile, or the third slowest of few samples. */
function p99(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const index = Math.min(Math.ceil(sorted.length * 0.99) - 1, sorted.length - 1 - forgiven);
  return sorted[Math.max(0, index)] ?? Number.POSITIVE_INFINITY;
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`;
}

function keptAlive(): Disposable & { readonly agent: Agent } {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  return { agent, [Symbol.dispose]: () => agent.destroy() };
}

/** Makes a GET request; rejects unless the status is 200. */
function askHealth(socketPath: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = get({ socketPath, path: '/healthz', agent, headers: { host: 'localhost' } }, (response) => {
      response.resume();
      response.once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`/healthz answered ${response.statusCode}`));
      });
    });
    request.once('error', reject);
  });
}
