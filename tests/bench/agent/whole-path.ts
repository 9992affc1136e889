import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient, type InnkeeperClient } from '@innkeeper/client';
import { AgentState } from '@innkeeper/contract/control';
import { linkSignals, mib } from '@innkeeper/kit';
import { startDaemon } from '../../vm/daemon.ts';
import { innText } from '../../vm/inn.ts';
import { keptCache } from '../../vm/kept-folder.ts';
import { bootBenchGuest } from '../bench-guest.ts';
import { makeBenchImage } from '../bench-image.ts';
import { type Metric, makeMetric, median } from '../metric.ts';

const readyTimeoutMs = 180_000;
const copyMib = 64;
const cpus = 2;
const memoryBytes = BigInt(768 * mib);

/**
 * What a user waits for, with a separate daemon: create to agent ready, alternating with the same guest started without a
 * daemon; and `inn cp` end to end, including its start, the daemon, and the verification of the hash.
 */
export async function measureWholePath(directory: string, rounds: number): Promise<Metric[]> {
  const dataDirectory = join(directory, 'data');
  await mkdir(dataDirectory, { mode: 0o700 });
  await mkdir(keptCache, { recursive: true });
  await symlink(keptCache, join(dataDirectory, 'cache'));
  await using daemon = await startDaemon(dataDirectory);
  const onExit = (): void => endAll(daemon.pid, join(dataDirectory, 'run'));
  // Ends before the folder is removed.
  process.prependOnceListener('exit', onExit);
  await innText(['image', 'build', 'tiny'], { dataDirectory: daemon.dataDirectory, timeoutMs: 600_000 });
  const client = createClient({ socketPath: join(dataDirectory, 'innkeeper.sock') });
  const created: number[] = [];
  const bare: number[] = [];
  let copies: Metric[] = [];
  // Not counted: the first VM prepares the base of the image for all others.
  for (let round = -1; round < rounds; round++) {
    const name = `bench-${round + 1}`;
    try {
      const createMs = await timeCreate(client, name);
      if (round === rounds - 1) copies = await measureCopies(directory, dataDirectory, name);
      if (round >= 0) created.push(createMs);
    } finally {
      await innText(['rm', '-f', '-y', name], { dataDirectory });
    }
    if (round >= 0) bare.push(await timeBareBoot(directory));
  }
  process.off('exit', onExit);
  const value = median(created);
  const beyond = value - median(bare);
  return [
    makeMetric({
      metric: 'create → agent ready p50',
      value: value / 1000,
      unit: 's',
      peer: { name: 'boot alone', value: median(bare) / 1000 },
    }),
    makeMetric({
      metric: 'create → agent ready beyond the boot',
      value: beyond / 1000,
      unit: 's',
      // If the boot alone took longer than everything, the comparison is invalid and has no verdict.
      bound: beyond < 0 ? undefined : { of: 'value', is: { atMost: 0.5 } },
    }),
    ...copies,
  ];
}

/** For an interrupted benchmark, since VMs outlive their daemon. */
function endAll(daemonPid: number, runDirectory: string): void {
  const pids = readdirSync(runDirectory).map((name) => join(runDirectory, name, 'qemu.pid'));
  for (const pid of [daemonPid, ...pids.filter(existsSync).map((path) => Number(readFileSync(path, 'latin1')))])
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // ESRCH: it has already ended.
    }
}

async function timeCreate(client: InnkeeperClient, name: string): Promise<number> {
  const signal = AbortSignal.timeout(readyTimeoutMs);
  const start = performance.now();
  const request = { name, image: 'tiny', cpus, memoryBytes, diskBytes: 0n, tags: {}, start: true };
  const { id } = await client.vms.createVm(request, { signal });
  await client.operations.wait(id, { signal });
  const watched = linkSignals(signal);
  for await (const vm of client.vms.watchVm({ vm: name }, { signal: watched.signal })) {
    if (vm.agent?.state !== AgentState.CONNECTED) continue;
    const elapsed = performance.now() - start;
    // The stream is endless.
    watched.abort();
    return elapsed;
  }
  throw new Error(`The agent of ${name} did not connect.`);
}

async function timeBareBoot(directory: string): Promise<number> {
  const own = await mkdtemp(join(directory, 'b-'));
  try {
    await using guest = await bootBenchGuest(await makeBenchImage('tiny', own, () => undefined), own);
    return guest.bootMs;
  } finally {
    await rm(own, { recursive: true, force: true });
  }
}

/** To the guest's disk, including the time of its file system. */
async function measureCopies(directory: string, dataDirectory: string, name: string): Promise<Metric[]> {
  const file = join(directory, 'copied');
  await writeFile(file, Buffer.alloc(copyMib * mib, 'innkeeper'));
  const rate = async (args: readonly string[]): Promise<number> => {
    const start = performance.now();
    await innText(args, { dataDirectory });
    return copyMib / ((performance.now() - start) / 1000);
  };
  const up = await rate(['cp', file, `${name}:/root/copied`]);
  const down = await rate(['cp', `${name}:/root/copied`, `${file}.back`]);
  return [
    makeMetric({ metric: 'inn cp to guest, end to end', value: up, unit: 'MiB/s' }),
    makeMetric({ metric: 'inn cp from guest, end to end', value: down, unit: 'MiB/s' }),
  ];
}
