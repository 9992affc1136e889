import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type HypervisorDriver, manageDriver, QemuDriver, type VmSpec } from '@innkeeper/hypervisor';
import { FakeDriver, FakeHost } from '@innkeeper/hypervisor/fake';
import { mib } from '@innkeeper/kit';
import { bootEchoGuest } from './guest/echo-guest.ts';
import { prepareTestGuest } from './guest/test-guest.ts';

/** A driver with guests for it; the same tests run with every driver. */
export interface DriverFixture {
  readonly name: string;
  /** Why it cannot be tested here; undefined if it can. */
  readonly skip: string | undefined;
  /** Creates a driver like a restarted daemon. */
  createDriver(): HypervisorDriver;
  /** The specification of a VM with the echo guest and a separate run directory. */
  createSpec(kernelArguments?: string): Promise<VmSpec>;
}

const qemuFixture: DriverFixture = {
  name: 'qemu',
  skip: (await new QemuDriver().probe()).reason || undefined,
  createDriver: () => manageDriver(new QemuDriver()),
  async createSpec(kernelArguments = '') {
    const { kernelPath, initrdPath } = await prepareTestGuest();
    const commandLine = `console=ttyS0 quiet panic=-1 ${kernelArguments}`;
    return specWith({ path: kernelPath, initrdPath, commandLine });
  },
};

/** Ends the VMs of interrupted tests, since QEMU outlives its daemon. */
const runDirectories = new Set<string>();
process.once('SIGTERM', () => process.exit(1));
process.once('exit', () => {
  for (const directory of runDirectories) {
    const pidPath = join(directory, 'qemu.pid');
    if (existsSync(pidPath)) tryKill(Number.parseInt(readFileSync(pidPath, 'latin1'), 10));
  }
});

const fakeHost = new FakeHost();

const fakeFixture: DriverFixture = {
  name: 'fake',
  skip: undefined,
  createDriver: () => {
    const boot = (spec: VmSpec) => bootEchoGuest(spec.kernel?.commandLine ?? '');
    return manageDriver(new FakeDriver({ host: fakeHost, boot }));
  },
  createSpec: (commandLine = '') => specWith({ path: '/nowhere', initrdPath: undefined, commandLine }),
};

export const driverFixtures: readonly DriverFixture[] = [fakeFixture, qemuFixture];

/** A run directory with a small empty disk. */
async function createRunDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'innkeeper-drivers-'));
  await using disk = await open(join(directory, 'disk.raw'), 'w');
  await disk.truncate(mib);
  return directory;
}

export async function removeRunDirectory(spec: VmSpec): Promise<void> {
  await rm(spec.runDirectory, { recursive: true, force: true });
  runDirectories.delete(spec.runDirectory);
}

async function specWith(kernel: VmSpec['kernel']): Promise<VmSpec> {
  const runDirectory = await createRunDirectory();
  runDirectories.add(runDirectory);
  return {
    id: randomUUID(),
    name: 'a, b',
    cpus: 1,
    memoryBytes: 128 * mib,
    runDirectory,
    disks: [{ path: join(runDirectory, 'disk.raw'), format: 'raw' }],
    nics: [],
    firmware: { kind: 'default' },
    kernel,
    snapshot: undefined,
  };
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ESRCH: its test killed it, which left its pid file.
  }
}
