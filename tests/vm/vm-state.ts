import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type InnkeeperClient } from '@innkeeper/client';
import { AgentState, type Vm } from '@innkeeper/contract/control';
import { killNow, killOnAbort } from './abort.ts';
import type { Daemon } from './daemon.ts';
import { inn, innText } from './inn.ts';
import { ensureImage } from './test-images.ts';

/** Polling interval of a VM. */
const lookEveryMs = 200;

/** The hypervisor processes of the tests, by the VM's name. */
const hypervisors = new Map<string, { readonly pid: number; readonly forget: () => void }>();

/** An SDK client of the tests' daemon, which is cheaper for polling than `inn`. */
export function clientOf(dataDirectory: string): InnkeeperClient {
  return createClient({ socketPath: `${dataDirectory}/innkeeper.sock` });
}

export function showVm(name: string, dataDirectory: string): Promise<Vm> {
  return clientOf(dataDirectory).vms.getVm({ vm: name });
}

/** Polls until `accept` returns true; rejects with the last state after `timeoutMs`. */
export async function waitForVm(
  name: string,
  dataDirectory: string,
  accept: (vm: Vm) => boolean,
  timeoutMs = 90_000,
): Promise<Vm> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const vm = await showVm(name, dataDirectory);
    if (accept(vm)) return vm;
    if (performance.now() > deadline)
      throw new Error(
        `${name} did not reach the expected state within ${timeoutMs} ms: its state is ${vm.state} (${vm.stateDetail}), that of its agent ${vm.agent?.state} (${vm.agent?.detail})`,
      );
    await delay(lookEveryMs);
  }
}

/** Resolves to a report of the guest from after this call. */
export async function nextTelemetry(name: string, dataDirectory: string): Promise<NonNullable<Vm['telemetry']>> {
  const from = (await showVm(name, dataDirectory)).telemetry?.monotonicNs ?? 0n;
  const vm = await waitForVm(name, dataDirectory, ({ telemetry }) => (telemetry?.monotonicNs ?? 0n) > from, 30_000);
  if (vm.telemetry === undefined) throw new Error(`${name} has no telemetry`);
  return vm.telemetry;
}

export function isConnected(vm: Vm): boolean {
  return vm.agent?.state === AgentState.CONNECTED;
}

/** Kills and removes a VM that may remain from an earlier run. */
async function removeVm(name: string, dataDirectory: string): Promise<void> {
  const result = await inn(['rm', '-f', '-y', name], { dataDirectory });
  if (result.exitCode !== 0 && !result.stderr.includes('VM_NOT_FOUND')) throw new Error(result.stderr);
  hypervisors.get(name)?.forget();
  hypervisors.delete(name);
}

/** Removes VMs that this test file did not create: an earlier run may have been killed before it cleaned up. */
export async function removeOtherVms(dataDirectory: string): Promise<void> {
  const { vms } = await clientOf(dataDirectory).vms.listVms({});
  for (const left of vms) if (!hypervisors.has(left.name)) await removeVm(left.name, dataDirectory);
}

/** Removes the VMs and ends the daemon. If the daemon has died, kills the hypervisors instead. */
export async function cleanUp(daemon: Daemon | undefined, names: readonly string[]): Promise<void> {
  if (daemon === undefined) return;
  const failures: unknown[] = [];
  for (const name of names) {
    try {
      await removeVm(name, daemon.dataDirectory);
    } catch (error) {
      failures.push(error);
      const hypervisor = hypervisors.get(name);
      if (hypervisor !== undefined) killNow(hypervisor.pid);
      hypervisor?.forget();
    }
  }
  await daemon[Symbol.asyncDispose]();
  if (failures.length > 0) throw new AggregateError(failures, `The daemon's last output: ${daemon.log()}`);
}

export interface TestVmOptions {
  /** The image exists, and the daemon has no network to build it. */
  readonly isBuilt?: boolean;
  /** Default: 1, with which an emulated guest boots a third faster than with 2. */
  readonly cpus?: number;
}

/**
 * Builds the image if necessary, creates the VM with 512 MiB, and waits for its agent. Other VMs than this test file's are
 * removed first. Prints progress, since an image can take minutes.
 */
export async function createTestVm(
  daemon: Daemon,
  name: string,
  image: string,
  bootMs: number,
  { isBuilt = false, cpus = 1 }: TestVmOptions = {},
): Promise<Vm> {
  const { dataDirectory } = daemon;
  await removeOtherVms(dataDirectory);
  say(`image ${image}: built if it does not exist yet`);
  if (!isBuilt) await ensureImage(dataDirectory, image);
  say(`${name}: created from ${image} and started`);
  const started = performance.now();
  await innText(['create', name, '--image', image, '--cpus', `${cpus}`, '--memory', '512M', '--start'], {
    dataDirectory,
    timeoutMs: bootMs,
  });
  const vm = await waitForVm(name, dataDirectory, (seen) => isConnected(seen) && seen.hypervisor?.pid !== undefined);
  say(`${name}: its agent answered after ${Math.round(performance.now() - started)} ms`);
  const pid = vm.hypervisor?.pid ?? 0;
  hypervisors.set(name, { pid, forget: killOnAbort(pid) });
  return vm;
}

/** Prints a line of progress in the log of the tests. */
export function say(text: string): void {
  process.stderr.write(`  ${new Date().toISOString().slice(11, 19)} ${text}\n`);
}
