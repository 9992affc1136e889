import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type AgentLink, createAgentLink, openUnixChannel } from '@innkeeper/agent-client';
import { silentLog } from '@innkeeper/kit';
import { until } from '@innkeeper/kit/testing';
import { openStore } from '@innkeeper/store';
import { History } from '../../../apps/innkeeper/src/node/history/history.ts';
import { metricReport } from '../../../apps/innkeeper/src/node/history/metric-points.ts';
import { image, vm as vmRow } from '../../../packages/store/src/testing/rows.ts';
import { agentBinaryPath } from '../bench-image.ts';
import { type Metric, makeMetric } from '../metric.ts';

/** Sessions with one agent on its unix socket; below its maximum. */
const sessionsOfAgent = 25;
const reportIntervalMs = 5000;
const connectWithinMs = 60_000;

export interface AgentsBenchOptions {
  readonly sessions: number;
  readonly seconds: number;
  readonly directory: string;
}

/**
 * The cost of a node's sessions: real agents report every 5 s, each session representing a VM, and the reports are added
 * to history, which is written once meanwhile. Measures CPU time of the node's thread; the agents run in parallel.
 */
export async function* benchAgents({ sessions, seconds, directory }: AgentsBenchOptions): AsyncGenerator<Metric> {
  await using stack = new AsyncDisposableStack();
  const paths = Array.from({ length: Math.ceil(sessions / sessionsOfAgent) }, (_, index) =>
    join(directory, `agent-${index}.sock`),
  );
  const agents = paths.map(startAgent);
  // Otherwise they would outlive this process.
  const killAll = (): void => {
    for (const agent of agents) agent.kill('SIGKILL');
  };
  process.prependOnceListener('exit', killAll);
  stack.defer(async () => {
    await Promise.all(agents.map(end));
    process.off('exit', killAll);
  });
  const store = stack.use(await openStore(join(directory, 'agents.db')));
  await store.images.insert(image);
  const history = stack.use(new History({ blocks: store.history, log: silentLog }));
  let reports = 0;
  const links: AgentLink[] = [];
  stack.defer(async () => {
    await Promise.all(links.map((link) => link[Symbol.asyncDispose]()));
  });
  for (let session = 0; session < sessions; session++) {
    const path = paths[Math.floor(session / sessionsOfAgent)] ?? '';
    const id = `vm-${session}`;
    await store.vms.insert({ ...vmRow, id, name: id });
    const link = createAgentLink({
      connect: (signal) => openUnixChannel(path, { signal }),
      identity: { vmId: id, vmName: id, nodeVersion: 'bench' },
      mayStepClock: false,
      telemetryIntervalMs: reportIntervalMs,
    });
    link.onTelemetry((telemetry) => {
      reports += 1;
      void history.record(id, metricReport(telemetry, undefined), Date.now());
    });
    links.push(link);
  }
  await waitFor(() => links.every(({ state }) => state.state === 'connected') && reports >= sessions);
  const before = { reports, cpu: process.threadCpuUsage(), at: performance.now() };
  await delay(500 * seconds);
  await history.flush();
  await delay(500 * seconds);
  const { user, system } = process.threadCpuUsage(before.cpu);
  const elapsedMs = performance.now() - before.at;
  const lost = links.filter(({ state }) => state.state !== 'connected').length;
  if (lost > 0) throw new Error(`${lost} of ${sessions} agents were lost`);
  yield makeMetric({
    metric: `${sessions} agents that report every 5 s, CPU`,
    value: (100 * (user + system)) / 1000 / elapsedMs,
    unit: '% of core',
    bound: { of: 'value', is: { atMost: 100 } },
  });
  const perSecond = (1000 * (reports - before.reports)) / elapsedMs;
  yield makeMetric({ metric: `${sessions} agents, received reports`, value: perSecond, unit: 'per s' });
}

function startAgent(path: string): ChildProcess {
  return spawn(agentBinaryPath, ['serve', '--no-virtio', '--listen', `unix:${path}`], { stdio: 'ignore' });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function waitFor(isSo: () => boolean): Promise<void> {
  await until(isSo, { withinMs: connectWithinMs, everyMs: 100, what: 'all agents have reported' });
}
