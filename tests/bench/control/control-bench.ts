import { join } from 'node:path';
import type { BenchOptions } from '../bench-options.ts';
import type { Metric } from '../metric.ts';
import { benchAgents } from './agents-bench.ts';
import { measureFirstLoad } from './first-load.ts';
import { benchList } from './list-bench.ts';
import { benchLive } from './live-bench.ts';
import { benchLogin } from './login-bench.ts';
import { serveManyVms } from './many-vms.ts';
import { benchStore } from './store-bench.ts';

const vmCount = 10_000;
/** The target load of one node on one core. */
const vmsOfNode = 1000;

/** Yields all figures of the control plane as they are measured. Rejects when something could not be measured. */
export async function* benchControl({ quick, directory, onStage }: BenchOptions): AsyncGenerator<Metric> {
  onStage('the first load of the web console');
  yield* measureFirstLoad(directory);
  onStage('logins');
  yield* benchLogin(quick ? 5 : 20);
  onStage('audit and history');
  const path = join(directory, 'bench.db');
  yield* benchStore({ path, auditEntries: quick ? 500 : 5000, vms: quick ? 100 : vmsOfNode });
  onStage('agents of one node');
  yield* benchAgents({ sessions: quick ? 200 : vmsOfNode, seconds: quick ? 5 : 30, directory });
  onStage(`${vmCount} VMs`);
  await using many = await serveManyVms(vmCount);
  yield* benchList(many, quick ? 20 : 100);
  onStage('live');
  yield* benchLive(many, quick ? 5 : 20);
}
