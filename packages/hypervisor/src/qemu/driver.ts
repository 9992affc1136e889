import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { OperationError } from '@innkeeper/contract';
import { errorMessage, type Log, silentLog } from '@innkeeper/kit';
import {
  type Abortable,
  type Accelerator,
  type AdoptOptions,
  assertAvailable,
  type HypervisorDriver,
  type HypervisorProcess,
  type VmEnd,
} from '../driver.ts';
import { killProcess } from '../process/kill-process.ts';
import { LogFile } from '../process/log-file.ts';
import { watchChild, watchProcess } from '../process/process-end.ts';
import { findStartTicks, isAlive } from '../process/process-identity.ts';
import type { VmRecord } from '../vm-record.ts';
import type { VmSpec } from '../vm-spec.ts';
import { attach, ProcessGone } from './attach.ts';
import { qemuCommandLine, userNic } from './command-line.ts';
import { killUnrecordedQemu } from './kill-unrecorded-qemu.ts';
import { childEnvironment, probeQemu, type QemuProbe } from './probe.ts';
import { qemuFeatures } from './qemu-features.ts';
import { driverName, parseQemuRecord, type QemuProcess, qemuRecord } from './qemu-record.ts';
import { QemuVm } from './qemu-vm.ts';
import { type RunFiles, runFiles } from './run-files.ts';
import { inNamespace, writeResolvConf } from './user-network.ts';
import { whyNotIsolated } from './user-network-probe.ts';
import { removeNetworkFiles, VmNetwork } from './vm-network.ts';

/** Milliseconds from QEMU's start until it listens; reading a large disk's metadata from slow storage can take long. */
const startTimeoutMs = 30_000;
const adoptTimeoutMs = 5_000;
const killTimeoutMs = 5_000;

export interface QemuDriverOptions {
  /** Default "qemu-system-x86_64", searched in the usual places. */
  readonly program?: string | undefined;
  /** Default: KVM if it really works, otherwise TCG. */
  readonly accelerator?: Accelerator | undefined;
  readonly log?: Log | undefined;
  /**
   * A port on the host's loopback that guests reach at http://10.0.2.2; default: none. Evaluated at each start of a VM.
   */
  readonly guestPort?: (() => number | undefined) | undefined;
}

/** Starts VMs with QEMU and reattaches to them. QEMU runs in its own session and outlives the daemon. */
export class QemuDriver implements HypervisorDriver {
  readonly name = driverName;
  readonly features = qemuFeatures;
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

  /** A positive result is cached for the life of the driver; a missing QEMU is not, since it may be installed later. */
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
    await killUnrecordedQemu(spec.runDirectory);
    const accelerator = this.#accelerator ?? probe.accelerator;
    const logFile = new LogFile(files.log);
    await removeNetworkFiles(files);
    const nic = userNic(spec);
    const why = nic === undefined ? '' : await this.#whyNotIsolated({ signal });
    if (why !== '') this.#log.warn('qemu.network-restricted', { vm: spec.name, why });
    const options = { accelerator, sandbox: probe.sandbox, isRestricted: why !== '', files };
    const plain = { program: this.#program, args: qemuCommandLine(spec, options) };
    const { program, args } =
      nic === undefined || why !== ''
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
      const found = await this.#processOf(child, spec, accelerator);
      const attachment = await attach({
        process: found,
        files,
        signal,
        log: this.#log,
        resume: false,
        timeoutMs: startTimeoutMs,
      });
      const network = this.#networkOf(found, files);
      await network.join();
      await attachment.control.execute('cont', {}, { signal });
      const record = qemuRecord(spec.id, found);
      return new QemuVm({ record, process: found, files, attachment, network, watch, logFile, log: this.#log });
    } catch (error) {
      child.kill('SIGKILL');
      if (child.pid === undefined) throw startFailure(error);
      watch.expect();
      const { exitCode, signal: how } = await watch.ended;
      if (!(error instanceof ProcessGone)) throw error;
      const words = await logFile.lastLines();
      throw new OperationError(
        'HYPERVISOR_FAILED',
        `QEMU exited at start (${how ?? `exit code ${exitCode}`}): ${words === '' ? 'it printed nothing' : words}`,
      );
    }
  }

  async adopt(record: VmRecord, { signal, runDirectory }: AdoptOptions = {}): Promise<QemuVm | undefined> {
    const launched = parseQemuRecord(record);
    if (launched === undefined || !isAlive(launched)) return undefined;
    const found = { ...launched, runDirectory: runDirectory ?? launched.runDirectory };
    const files = runFiles(found.runDirectory);
    try {
      const attachment = await attach({
        process: found,
        files,
        signal,
        log: this.#log,
        resume: true,
        timeoutMs: adoptTimeoutMs,
      });
      const logFile = new LogFile(files.log);
      const network = this.#networkOf(found, files);
      await network.join();
      const watch = watchProcess(found);
      return new QemuVm({ record, process: found, files, attachment, network, watch, logFile, log: this.#log });
    } catch (error) {
      if (error instanceof ProcessGone) return undefined;
      throw error;
    }
  }

  async howEnded(record: VmRecord, { runDirectory }: AdoptOptions = {}): Promise<VmEnd['kind'] | undefined> {
    const found = parseQemuRecord(record);
    if (found === undefined) return undefined;
    // QEMU removes its pid file where it was at the launch, so one in a directory that was moved says nothing.
    if (runDirectory !== undefined && runDirectory !== found.runDirectory) return undefined;
    const files = runFiles(found.runDirectory);
    if (!existsSync(files.log)) return undefined;
    return existsSync(files.pidFile) ? 'crashed' : 'shutdown';
  }

  processOf(record: VmRecord): HypervisorProcess | undefined {
    return parseQemuRecord(record);
  }

  async kill(record: VmRecord): Promise<void> {
    const found = parseQemuRecord(record);
    if (found !== undefined) await killProcess(found, 'The QEMU of this VM', killTimeoutMs);
  }

  killUnrecorded(runDirectory: string): Promise<boolean> {
    return killUnrecordedQemu(runDirectory);
  }

  /**
   * A positive result is cached for the life of the driver; a negative one is not, since missing programs may be
   * installed.
   */
  async #whyNotIsolated(options: Abortable): Promise<string> {
    if (this.#canIsolate) return '';
    const why = await whyNotIsolated(options);
    this.#canIsolate = why === '';
    return why;
  }

  #networkOf({ pid }: QemuProcess, files: RunFiles): VmNetwork {
    const why = (): Promise<string> => this.#whyNotIsolated({});
    return new VmNetwork({ pid, files, guestPort: this.#guestPort(), whyNotIsolated: why, log: this.#log });
  }

  async #processOf(child: ChildProcess, spec: VmSpec, accelerator: Accelerator): Promise<QemuProcess> {
    // Rejects with the reason if it could not be started.
    if (child.pid === undefined) await once(child, 'spawn');
    const pid = child.pid ?? 0;
    const startTicks = findStartTicks(pid);
    if (startTicks === undefined) throw new ProcessGone('the process ended');
    return { runDirectory: spec.runDirectory, pid, startTicks, accelerator };
  }
}

function startFailure(error: unknown): OperationError {
  const why = errorMessage(error);
  return new OperationError('HYPERVISOR_FAILED', `QEMU could not be started: ${why}`, { cause: error });
}
