import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mib } from '@innkeeper/kit';
import { type ListeningAgents, memoryMb, startListeningAgents } from '../agent/plain-agents.ts';
import type { BenchOptions } from '../bench-options.ts';
import { type Metric, makeMetric, median } from '../metric.ts';
import { openAgentMessageBench } from './agent-message-bench-client.ts';
import type { BenchClient } from './bench-client.ts';
import { openJsonFramesBench } from './json-frames-bench-client.ts';
import { openNativeBench } from './native-bench-client.ts';
import { openQgaBench } from './qga-bench-client.ts';

const dialects: Readonly<Record<string, (socket: string) => Promise<BenchClient>>> = {
  QGA: openQgaBench,
  native: openNativeBench,
  AgentMessage: openAgentMessageBench,
  'JSON frames': openJsonFramesBench,
};
const fileMib = 16;
const program = '/bin/true';

interface Row {
  readonly name: string;
  readonly rounds: number;
  /** Until V8 has compiled the client. */
  readonly warmUps: number;
  /** What is done once; undefined: not in this dialect. */
  readonly work: (client: BenchClient, path: string) => (() => Promise<unknown>) | undefined;
}

/**
 * Every dialect beside qemu-ga: both are plain processes on unix sockets and take turns. Each row has its own peak of
 * memory, since the kernel's record of it is cleared before.
 */
export async function* benchDialects({ quick, onStage }: BenchOptions): AsyncGenerator<Metric> {
  const content = Buffer.alloc(fileMib * mib, 'innkeeper');
  const rows: readonly Row[] = [
    { name: 'ping', rounds: quick ? 200 : 1000, warmUps: quick ? 500 : 2000, work: (client) => () => client.ping() },
    { name: 'exec', rounds: quick ? 40 : 200, warmUps: 20, work: (client) => () => client.exec(program) },
    {
      name: `${fileMib} MiB up`,
      rounds: quick ? 3 : 9,
      warmUps: 1,
      work: (client, path) => () => client.upload(path, content),
    },
    {
      name: `${fileMib} MiB down`,
      rounds: quick ? 3 : 9,
      warmUps: 1,
      work: (client, path) => {
        const { download } = client;
        if (download === undefined) return undefined;
        return async () => {
          const bytes = await download(path);
          if (bytes !== content.length) throw new Error(`${bytes} bytes were read, not ${content.length}.`);
        };
      },
    },
  ];
  for (const [name, open] of Object.entries(dialects)) {
    onStage(name);
    await using agents = await startListeningAgents();
    await using ours = await open(agents.sockets.ours);
    await using theirs = await openQgaBench(agents.sockets.theirs);
    for (const row of rows) {
      const [mine, other] = (['ours', 'theirs'] as const).map((each) => join(agents.folder, `file-${each}`));
      const [work, peer] = [row.work(ours, mine ?? ''), row.work(theirs, other ?? '')];
      if (work !== undefined && peer !== undefined) yield* measure(`${name}: ${row.name}`, row, agents, work, peer);
    }
  }
}

async function* measure(
  metric: string,
  { rounds, warmUps }: Row,
  { pids }: ListeningAgents,
  work: () => Promise<unknown>,
  peer: () => Promise<unknown>,
): AsyncGenerator<Metric> {
  const times: [number[], number[]] = [[], []];
  // proc_pid_clear_refs(5): 5 resets VmHWM.
  for (const pid of Object.values(pids)) writeFileSync(`/proc/${pid}/clear_refs`, '5');
  for (let round = -warmUps; round < rounds; round++) {
    const start = performance.now();
    await work();
    const middle = performance.now();
    await peer();
    if (round < 0) continue;
    times[0].push(middle - start);
    times[1].push(performance.now() - middle);
  }
  yield makeMetric({
    metric: `${metric} p50`,
    value: median(times[0]),
    unit: 'ms',
    peer: { name: 'qemu-ga', value: median(times[1]) },
    bound: { of: 'ratio', is: { atMost: 1 } },
  });
  yield makeMetric({
    metric: `${metric} peak RSS`,
    value: memoryMb(pids.ours, 'VmHWM'),
    unit: 'MB',
    peer: { name: 'qemu-ga', value: memoryMb(pids.theirs, 'VmHWM') },
    bound: { of: 'ratio', is: { atMost: 0.5 } },
  });
}
