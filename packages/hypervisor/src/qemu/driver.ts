import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { OperationError } from '@innkeeper/contract';
import { errorMessage, type Log, silentLog } from '@innkeeper/kit';
import { readRegularFile } from '@innkeeper/kit/node';
import {
  type Abortable,
  type Accelerator,
  assertAvailable,
  type HypervisorDriver,
  type VmEnd,
  type VmRecord,
  type VmSpec,
} from '../driver.ts';
import { LogFile } from '../process/log-file.ts';
import { watchChild, watchProcess } from '../process/process-end.ts';
import { findStartTicks, isAlive, readArguments } from '../process/process-identity.ts';
import { attach, ProcessGone } from './attach.ts';
import { qemuCommandLine } from './command-line.ts';
import { childEnvironment, probeQemu, type QemuProbe } from './probe.ts';
import { QemuVm } from './qemu-vm.ts';
import { type RunFiles, runFiles } from './run-files.ts';
import { inNamespace, writeResolvConf } from './user-network.ts';
import { whyNotIsolated } from './user-network-probe.ts';
import { forgetNetwork, VmNetwork } from './vm-network.ts';

const maxPidFileBytes = 100;

/** From its start until QEMU listens; reading a large disk's metadata from a slow store is the long part. */
const startTimeoutMs = 30_000;
const adoptTimeoutMs = 5_000;
const leftoverTimeoutMs = 10_000;

export interface QemuDriverOptions {
  /** Default "qemu-system-x86_64", found in the usual places. */
  readonly program?: string | undefined;
  /** Default: KVM where it really works, else TCG. */
  readonly accelerator?: Accelerator | undefined;
  readonly log?: Log | undefined;
  /** A port on the host's loopback that guests reach at http://10.0.2.2; default: none. Asked at each start of a VM. */
  readonly guestPort?: (() => number | undefined) | undefined;
}

/** Starts VMs with QEMU and finds them again. QEMU runs in a session of its own and outlives the daemon. */
export class QemuDriver implements HypervisorDriver {
  readonly name = 'qemu';
  readonly #program: string;
  readonly #accelerator: Accelerator | undefined;
  readonly #log: Log;
  readonly #guestPort: () => number | undefined;
  #found: QemuProbe | undefined;
  #canIsolate = false;

  constructor(options: QemuDriverOptions = {}) {
    this.#program = options.program ?? 'qemu-system-x86_64';
    this.#accelerator = options.accelerator;
    this.#log = options.log ?? silentLog;
    this.#guestPort = options.guestPort ?? (() => undefined);
  }

  /** What was found is kept for the life of the driver; that QEMU is missing is not, since it may be installed. */
  async probe(options?: Abortable): Promise<QemuProbe> {
    if (this.#found !== undefined) return this.#found;
    const found = await probeQemu(this.#program, options);
    if (found.available) this.#found = found;
    return found;
  }

  async launch(spec: VmSpec, { signal }: Abortable = {}): Promise<QemuVm> {
    const files = runFiles(spec.runDirectory);
    const probe = await this.probe({ signal });
    assertAvailable(probe);
    await endLeftover(files);
    const accelerator = this.#accelerator ?? probe.accelerator;
    const logFile = new LogFile(files.log);
    await forgetNetwork(files);
    const why = spec.network === undefined ? '' : await this.#whyNotIsolated({ signal });
    if (why !== '') this.#log.warn('qemu.network-restricted', { vm: spec.name, why });
    const options = { accelerator, sandbox: probe.sandbox, isRestricted: why !== '', files };
    const plain = { program: this.#program, args: qemuCommandLine(spec, options) };
    const { program, args } =
      spec.network === undefined || why !== ''
        ? plain
        : inNamespace(plain, { lock: files.networkLock, resolvConf: await writeResolvConf(files.resolvConf) });
    const child = logFile.openForChild((descriptor) =>
      spawn(program, args, {
        detached: true,
        stdio: ['ignore', descriptor, descriptor],
        env: childEnvironment,
        cwd: '/',
      }),
    );
    child.unref();
    const watch = watchChild(child);
    try {
      const record = await this.#recordOf(child, spec, accelerator);
      const attachment = await attach({
        ...{ record, files, signal, log: this.#log },
        ...{ resume: false, timeoutMs: startTimeoutMs },
      });
      const network = this.#networkOf(record, files);
      await network.join();
      await attachment.control.execute('cont', {}, { signal });
      return new QemuVm({ record, files, attachment, network, watch, logFile, log: this.#log });
    } catch (error) {
      child.kill('SIGKILL');
      if (child.pid === undefined) throw startFailure(error);
      watch.expect();
      const { exitCode, signal: how } = await watch.ended;
      if (!(error instanceof ProcessGone)) throw error;
      const words = await logFile.lastLines();
      throw new OperationError(
        'HYPERVISOR_FAILED',
        `QEMU ended at start (${how ?? `exit code ${exitCode}`}): ${words === '' ? 'it printed nothing' : words}`,
      );
    }
  }

  async adopt(record: VmRecord, { signal }: Abortable = {}): Promise<QemuVm | undefined> {
    const identity = { pid: record.pid, startTicks: record.pidStartTicks };
    if (!isAlive(identity)) return undefined;
    const files = runFiles(record.runDirectory);
    try {
      const attachment = await attach({
        ...{ record, files, signal, log: this.#log },
        ...{ resume: true, timeoutMs: adoptTimeoutMs },
      });
      const logFile = new LogFile(files.log);
      const network = this.#networkOf(record, files);
      await network.join();
      const watch = watchProcess(identity);
      return new QemuVm({ record, files, attachment, network, watch, logFile, log: this.#log });
    } catch (error) {
      if (error instanceof ProcessGone) return undefined;
      throw error;
    }
  }

  async howEnded(record: VmRecord): Promise<VmEnd['kind'] | undefined> {
    const files = runFiles(record.runDirectory);
    if (!existsSync(files.log)) return undefined;
    return existsSync(files.pidFile) ? 'crashed' : 'shutdown';
  }

  /** That it works is kept for the life of the driver; that it does not is not, since what is missing may be installed. */
  async #whyNotIsolated(options: Abortable): Promise<string> {
    if (this.#canIsolate) return '';
    const why = await whyNotIsolated(options);
    this.#canIsolate = why === '';
    return why;
  }

  #networkOf({ pid }: VmRecord, files: RunFiles): VmNetwork {
    const why = (): Promise<string> => this.#whyNotIsolated({});
    return new VmNetwork({ pid, files, guestPort: this.#guestPort(), whyNotIsolated: why, log: this.#log });
  }

  async #recordOf(child: ChildProcess, spec: VmSpec, accelerator: Accelerator): Promise<VmRecord> {
    // Rejects with the reason when it could not be started.
    if (child.pid === undefined) await once(child, 'spawn');
    const pid = child.pid ?? 0;
    const pidStartTicks = findStartTicks(pid);
    if (pidStartTicks === undefined) throw new ProcessGone('the process ended');
    return { id: spec.id, driver: this.name, runDirectory: spec.runDirectory, pid, pidStartTicks, accelerator };
  }
}

function startFailure(error: unknown): OperationError {
  const why = errorMessage(error);
  return new OperationError('HYPERVISOR_FAILED', `QEMU could not be started: ${why}`, { cause: error });
}

/**
 * Ends a QEMU that a daemon started and died before it could write that down. It stands still (-S) and holds the disk;
 * nobody else knows of it. Its pid file tells the pid, its arguments that it is this VM's.
 */
async function endLeftover(files: RunFiles): Promise<void> {
  if (!existsSync(files.pidFile)) return;
  const pid = Number.parseInt((await readRegularFile(files.pidFile, maxPidFileBytes)).toString('latin1'), 10);
  const startTicks = Number.isSafeInteger(pid) ? findStartTicks(pid) : undefined;
  if (startTicks !== undefined && (await readArguments(pid)).includes(files.pidFile)) {
    using watch = watchProcess({ pid, startTicks });
    process.kill(pid, 'SIGKILL');
    watch.expect();
    const gone = watch.ended.then(() => true);
    if (!(await Promise.race([gone, delay(leftoverTimeoutMs, false)]))) {
      throw new OperationError('HYPERVISOR_FAILED', `An earlier QEMU of this VM, process ${pid}, does not end.`, {
        nextStep: 'Look at what it waits for: its disk may be on a store that does not answer.',
      });
    }
  }
  await rm(files.pidFile, { force: true });
}
