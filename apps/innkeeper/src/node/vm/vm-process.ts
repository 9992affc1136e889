import { mkdir } from 'node:fs/promises';
import { OperationError } from '@innkeeper/contract';
import {
  type DiskUsage,
  type FoundProcess,
  type HypervisorProcess,
  parseVmRecord,
  type RunningVm,
  type VmEnd,
  type VmRecord,
} from '@innkeeper/hypervisor';
import { errorMessage, type Log } from '@innkeeper/kit';
import type { VmRow } from '@innkeeper/store';
import type { NodeContext } from '../context.ts';
import { readVmManifest } from '../data/manifest.ts';
import { askInTime } from './ask-in-time.ts';
import { CpuRate, type HypervisorUsageSample } from './cpu-rate.ts';
import { readyFiles } from './ready-files.ts';
import { driverOf } from './vm-driver.ts';
import { vmSpec } from './vm-spec.ts';

export interface VmProcessOptions {
  readonly context: NodeContext;
  readonly log: Log;
  readonly row: () => VmRow;
  /** Stores what the next daemon needs to find the process; rejects when that cannot be written. */
  readonly keep: (change: Pick<VmRow, 'record' | 'started_ms'>) => Promise<void>;
  /** The process runs and was launched or adopted by this daemon. Called before `launch` and `find` resolve. */
  readonly onAttached: (running: RunningVm) => void;
  /** The process ended; `running` is already undefined. Not called after `release`. */
  readonly onEnded: (end: VmEnd) => Promise<void>;
}

/** The hypervisor process of one VM, from one start to the next. */
export class VmProcess {
  readonly #options: VmProcessOptions;
  #running: RunningVm | undefined;
  #usage: HypervisorUsageSample | undefined;
  #cpuRate = new CpuRate();
  #disk: DiskUsage | undefined;
  #isAsked = false;
  #isStopped = false;
  #launchAbort = new AbortController();
  #launchError: unknown;
  #launching: Promise<unknown> = Promise.resolve();
  #released = false;

  constructor(options: VmProcessOptions) {
    this.#options = options;
  }

  get running(): RunningVm | undefined {
    return this.#running;
  }

  get usage(): HypervisorUsageSample | undefined {
    return this.#usage;
  }

  /** Whether a signal had stopped the process at the last sample. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Why the last launch failed. */
  get launchError(): unknown {
    return this.#launchError;
  }

  /** The process in the row, whether or not this daemon has adopted it. */
  get recorded(): HypervisorProcess | undefined {
    const { context, row } = this.#options;
    const record = this.#record();
    return record === undefined ? undefined : context.drivers.get(row().driver)?.processOf(record);
  }

  /** Starts the process. Resolves to the error if it failed; undefined also if it was released meanwhile. */
  launch(): Promise<unknown> {
    this.#launching = this.#launch();
    return this.#launching;
  }

  abortLaunch(): void {
    this.#launchAbort.abort(new OperationError('CANCELED', 'The VM was stopped during its start.'));
  }

  /** Adopts the process after a start of the daemon. Rejects when the process is alive but does not answer. */
  async find(): Promise<FoundProcess> {
    const { context, log, row } = this.#options;
    const record = this.#record();
    if (record === undefined) {
      if (row().record !== null) log.warn('vm.record-not-read');
      const unrecorded = await this.#findByManifest();
      if (unrecorded !== undefined) return unrecorded;
      // Without its driver, the process can be neither found nor launched.
      const killed = await context.drivers.get(row().driver)?.killUnrecorded(context.folder.runFolder(row().id));
      if (killed) log.warn('vm.unrecorded-process-killed');
      return { kind: 'gone', how: undefined };
    }
    const driver = driverOf(context, row());
    const at = { runDirectory: context.folder.runFolder(row().id) };
    const running = await driver.adopt(record, at);
    if (running === undefined) return { kind: 'gone', how: await driver.howEnded(record, at) };
    return await this.#attachFound(running);
  }

  /** Kills the process, through its hypervisor or, if that does not answer, by the stored record. */
  async kill(): Promise<void> {
    if (this.#running !== undefined) return await this.#running.kill();
    const record = this.#record();
    if (record !== undefined) await driverOf(this.#options.context, this.#options.row()).kill(record);
  }

  /** Samples the process's resource usage. False when there is no process. */
  sample(nowMs: number): boolean {
    const usage = this.#running?.usage();
    if (usage === undefined) return false;
    this.#isStopped = usage.isStopped;
    this.#usage = { ...this.#cpuRate.next(usage, nowMs), disk: this.#disk };
    // Counters count once: without a new answer, they are unknown, not unchanged.
    this.#disk = undefined;
    this.#askForDisk();
    return true;
  }

  /** Asks for the disk counters of the next sample, unless the last question is not answered yet. */
  #askForDisk(): void {
    const running = this.#running;
    if (this.#isAsked || this.#isStopped || running === undefined) return;
    this.#isAsked = true;
    running
      .diskUsage()
      .then((disk) => {
        if (this.#running === running) this.#disk = disk;
      })
      // It ended, or does not answer: the figures are absent.
      .catch(() => undefined)
      .finally(() => {
        this.#isAsked = false;
      });
  }

  /** From now on its end is not reported. Waits for a launch in progress. */
  async beginRelease(): Promise<void> {
    this.#released = true;
    await this.#launching;
  }

  /** Releases the process, which keeps running. */
  async release(): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]();
  }

  /** The process record of the row; undefined also when it is malformed. */
  #record(): VmRecord | undefined {
    const { record } = this.#options.row();
    return record === null ? undefined : parseVmRecord(record);
  }

  /** A process that is in the manifest but not in the row, because the database is older than the process. */
  async #findByManifest(): Promise<FoundProcess | undefined> {
    const { context, log, row, keep } = this.#options;
    const json = (await readVmManifest(context.folder.vmFolder(row().id)).catch(() => undefined))?.record;
    const record = typeof json === 'string' ? parseVmRecord(json) : undefined;
    if (record === undefined) {
      if (typeof json === 'string')
        log.warn('vm.manifest-not-used', { message: 'The record in the manifest is malformed.' });
      return undefined;
    }
    try {
      const runDirectory = context.folder.runFolder(row().id);
      const running = await driverOf(context, row()).adopt(record, { runDirectory });
      if (running === undefined) return undefined;
      log.warn('vm.found-by-its-manifest');
      await keep({ record: JSON.stringify(record), started_ms: Date.now() });
      return await this.#attachFound(running);
    } catch (error) {
      log.warn('vm.manifest-not-used', { message: errorMessage(error) });
      return undefined;
    }
  }

  async #attachFound(running: RunningVm): Promise<FoundProcess> {
    this.#attach(running);
    return await askInTime(async (options) => {
      if (!(await running.isPaused(options))) return { kind: 'running' };
      return { kind: 'paused', detail: await running.whyPaused(options) };
    });
  }

  async #launch(): Promise<unknown> {
    const { context, log, row, keep } = this.#options;
    const { folder, store } = context;
    const abort = new AbortController();
    this.#launchAbort = abort;
    this.#launchError = undefined;
    let running: RunningVm | undefined;
    try {
      await mkdir(folder.runFolder(row().id), { recursive: true, mode: 0o700 });
      const image = await store.images.find(row().image);
      const driver = driverOf(context, row());
      await readyFiles(context, row(), image, { signal: abort.signal });
      running = await driver.launch(vmSpec(row(), image, folder), { signal: abort.signal });
      await keep({ record: JSON.stringify(running.record), started_ms: Date.now() });
    } catch (error) {
      // The next daemon could not find a VM without a record.
      await running?.kill().catch((failure: unknown) => log.error('vm.kill-failed', { message: String(failure) }));
      this.#launchError = error;
      return error;
    }
    // The next daemon adopts it.
    if (this.#released) await running[Symbol.asyncDispose]();
    else this.#attach(running);
    return undefined;
  }

  #attach(running: RunningVm): void {
    this.#running = running;
    this.#usage = undefined;
    this.#disk = undefined;
    this.#isStopped = false;
    this.#cpuRate = new CpuRate();
    this.#options.onAttached(running);
    void running.ended.then(async (end) => {
      // Released by the daemon; the next daemon detects a later end.
      if (this.#released) return;
      this.#running = undefined;
      this.#usage = undefined;
      await this.#options.onEnded(end);
      await running[Symbol.asyncDispose]();
    });
  }
}
