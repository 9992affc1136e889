import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mib } from '@innkeeper/kit';
import { openingBytes, portableByteOps } from '@innkeeper/wire';
import type { BenchOptions } from '../bench-options.ts';
import { type Metric, makeMetric, median } from '../metric.ts';
import {
  agentCommand,
  compileFirstReply,
  memoryMb,
  type PlainAgents,
  qgaCommand,
  startPlainAgents,
} from './plain-agents.ts';

const warmUps = 30;
/** Until V8 has compiled the node's client, whose time before that says nothing about a node that runs for days. */
const pingWarmUps = 3000;

/**
 * Both agents as plain processes on unix sockets: no VM, no channel of a hypervisor. A guest under KVM runs at this speed.
 */
export async function* benchPlain({ quick, onStage }: BenchOptions): AsyncGenerator<Metric> {
  await using agents = await startPlainAgents();
  onStage('both agents as plain processes: memory');
  yield* memory(agents, 'idle', 3);
  onStage('start');
  yield measureStart(agents.folder, quick ? 15 : 60);
  onStage('ping');
  yield await measurePing(agents, quick ? 200 : 1000);
  onStage('exec');
  yield await measureExec(agents, quick ? 60 : 300);
  onStage('files');
  yield* await measureFiles(agents, quick ? 3 : 9);
  yield* memory(agents, 'after transfers', 6);
}

function* memory({ pids }: PlainAgents, when: string, target: number): Generator<Metric> {
  for (const [name, line, atMost] of [
    ['RSS', 'VmRSS', target],
    ['peak RSS', 'VmHWM', 8],
  ] as const)
    yield makeMetric({
      metric: `plain: ${name} ${when}`,
      value: memoryMb(pids.ours, line),
      unit: 'MB',
      peer: { name: 'qemu-ga', value: memoryMb(pids.theirs, line) },
      bound: { of: 'value', is: { atMost } },
    });
}

/** From the fork to the first byte of the reply to the first request, alternately. */
function measureStart(folder: string, rounds: number): Metric {
  const program = compileFirstReply(folder);
  const [hello, sync, socket] = [join(folder, 'hello'), join(folder, 'sync'), join(folder, 'first')];
  const opening = {
    minVersion: 1,
    maxVersion: 1,
    wallTimeUnixNs: BigInt(Date.now()) * 1_000_000n,
    mayStepClock: false,
  };
  writeFileSync(hello, openingBytes(randomBytes(16), opening, portableByteOps));
  writeFileSync(sync, '{"execute":"guest-sync","arguments":{"id":1}}\n');
  const run = (request: string, command: readonly string[]): number =>
    Number(execFileSync(program, [socket, request, ...command], { encoding: 'utf8' })) / 1000;
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let round = -2; round < rounds; round++) {
    const mine = run(hello, agentCommand(socket));
    const other = run(
      sync,
      qgaCommand(socket, folder).map((word) => word.replace('qga.pid', 'first.pid')),
    );
    if (round < 0) continue;
    ours.push(mine);
    theirs.push(other);
  }
  return compared('start to first reply p50', 'ms', ours, theirs, { atMost: 0.4 });
}

async function measurePing({ link, qga }: PlainAgents, rounds: number): Promise<Metric> {
  const times = await alternately(
    rounds,
    () => link.ping(),
    () => qga.call('guest-ping'),
    pingWarmUps,
  );
  return compared('ping p50', 'ms', ...times, { atMost: 1 });
}

async function measureExec({ link, qga }: PlainAgents, rounds: number): Promise<Metric> {
  const program = '/bin/true';
  const run = async (): Promise<void> => {
    await using session = link.exec({ argv: [program] });
    for await (const { event } of session.events) if (event.case === 'exited') return;
  };
  const times = await alternately(rounds, run, () => qga.exec(program, []));
  return compared('exec p50', 'ms', ...times, { atMost: 0.8 });
}

/** 64 MiB each way with ours, 16 with qemu-ga in chunks of 1 MiB. */
async function measureFiles({ link, qga, folder }: PlainAgents, rounds: number): Promise<Metric[]> {
  const [oursMib, theirsMib] = [64, 16];
  const content = Buffer.alloc(oursMib * mib, 'innkeeper');
  const path = join(folder, 'file');
  const upload = (sha256: boolean) =>
    link.writeFile({ path, sha256, noSync: true }, async function* (offset) {
      for (let at = Number(offset); at < content.length; at += 256 * 1024) yield content.subarray(at, at + 256 * 1024);
    });
  const download = async (sha256: boolean): Promise<void> => {
    const reading = link.readFile({ path, sha256 });
    for await (const _ of reading.chunks);
    await reading.done;
  };
  const rates: Record<'up' | 'down' | 'upHash' | 'downHash' | 'upQga' | 'downQga', number[]> = {
    up: [],
    down: [],
    upHash: [],
    downHash: [],
    upQga: [],
    downQga: [],
  };
  const part = content.subarray(0, theirsMib * mib);
  for (let round = 0; round < rounds; round++) {
    rates.up.push(await rate(oursMib, () => upload(false)));
    rates.upQga.push(await rate(theirsMib, () => qga.upload(`${path}.qga`, part, mib)));
    rates.down.push(await rate(oursMib, () => download(false)));
    rates.downQga.push(await rate(theirsMib, () => qga.download(`${path}.qga`, mib)));
    rates.upHash.push(await rate(oursMib, () => upload(true)));
    rates.downHash.push(await rate(oursMib, () => download(true)));
  }
  const { up, down, upHash, downHash, upQga, downQga } = rates;
  return [
    compared('file to the agent', 'MiB/s', up, upQga, { atLeast: 20 }),
    compared('file from the agent', 'MiB/s', down, downQga, { atLeast: 8 }),
    hashed('file to the agent with SHA-256', upHash, up),
    hashed('file from the agent with SHA-256', downHash, down),
  ];
}

/** Times of both in milliseconds, in turn, after a warm-up. */
async function alternately(
  rounds: number,
  ours: () => Promise<unknown>,
  theirs: () => Promise<unknown>,
  before = warmUps,
): Promise<[number[], number[]]> {
  const times: [number[], number[]] = [[], []];
  for (let round = -before; round < rounds; round++) {
    const start = performance.now();
    await ours();
    const middle = performance.now();
    await theirs();
    if (round < 0) continue;
    times[0].push(middle - start);
    times[1].push(performance.now() - middle);
  }
  return times;
}

async function rate(sizeMib: number, move: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await move();
  return sizeMib / ((performance.now() - start) / 1000);
}

/** Compared with the same transfer without a hash, which a CPU with instructions for SHA-256 hides behind it. */
function hashed(metric: string, rates: readonly number[], without: readonly number[]): Metric {
  return makeMetric({
    metric: `plain: ${metric}`,
    value: median(rates),
    unit: 'MiB/s',
    peer: { name: 'without', value: median(without) },
    bound: { of: 'ratio', is: { atLeast: 0.8 } },
  });
}

function compared(
  metric: string,
  unit: string,
  ours: readonly number[],
  theirs: readonly number[],
  is?: { readonly atMost: number } | { readonly atLeast: number },
): Metric {
  return makeMetric({
    metric: `plain: ${metric}`,
    value: median(ours),
    unit,
    peer: { name: 'qemu-ga', value: median(theirs) },
    ...(is === undefined ? {} : { bound: { of: 'ratio', is } }),
  });
}
