import { mkdir } from 'node:fs/promises';
import { OperationError } from '@innkeeper/contract';
import {
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
import { CpuRate, type HypervisorUsageSample } from './cpu-rate.ts';
import { driverOf } from './vm-driver.ts';
import { vmSpec } from './vm-spec.ts';

const askTimeoutMs = 3_000;

export interface VmProcessOptions {
  readonly context: NodeContext;
  readonly log: Log;
  readonly row: () => VmRow;
  /** Keeps what the next daemon needs to find the process again; rejects when it cannot be written. */
  readonly keep: (change: Pick<VmRow, 'record' | 'started_ms'>) => Promise<void>;
  /** It runs and this daemon holds it. Called before `launch` and `find` resolve. */
  readonly onAttached: (running: RunningVm) => void;
  /** It is gone; `running` is undefined by then. Not called once it was let go. */
  readonly onEnded: (end: VmEnd) => Promise<void>;
}

/** The hypervisor process of one VM, from one start to the next. */
export class VmProcess {
  readonly #options: VmProcessOptions;
  #running: RunningVm | undefined;
  #usage: HypervisorUsageSample | undefined;
  #cpuRate = new CpuRate();
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

  /** Why the last launch failed. */
  get launchError(): unknown {
    return this.#launchError;
  }

  /** The process that the row knows, whether this daemon holds it or not. */
  get recorded(): HypervisorProcess | undefined {
    const { context, row } = this.#options;
    const record = this.#record();
    return record === undefined ? undefined : context.drivers.get(row().driver)?.processOf(record);
  }

  /** Starts it. Resolves with the error when it did not come up; undefined also when it was let go meanwhile. */
  launch(): Promise<unknown> {
    this.#launching = this.#launch();
    return this.#launching;
  }

  abortLaunch(): void {
    this.#launchAbort.abort(new OperationError('CANCELED', 'The VM was stopped while it started.'));
  }

  /** After a start of the daemon. Rejects when the process lives and does not answer. */
  async find(): Promise<FoundProcess> {
    const { context, log, row } = this.#options;
    const record = this.#record();
    if (record === undefined) {
      if (row().record !== null) log.warn('vm.record-not-read');
      const unrecorded = await this.#findByManifest();
      if (unrecorded !== undefined) return unrecorded;
      // Without its driver nothing can be looked for; it cannot be launched either.
      const killed = await context.drivers.get(row().driver)?.killUnrecorded(context.folder.runFolder(row().id));
      if (killed) log.warn('vm.unrecorded-process-killed');
      return { kind: 'gone', how: undefined };
    }
    const driver = driverOf(context, row());
    const running = await driver.adopt(record);
    if (running === undefined) return { kind: 'gone', how: await driver.howEnded(record) };
    return await this.#attachFound(running);
  }

  /** Kills it, through its hypervisor or, when that does not answer, by what was kept of it. */
  async kill(): Promise<void> {
    if (this.#running !== undefined) return await this.#running.kill();
    const record = this.#record();
    if (record !== undefined) await driverOf(this.#options.context, this.#options.row()).kill(record);
  }

  /** Looks at what the process uses. False when there is nothing to look at. */
  sample(nowMs: number): boolean {
    const usage = this.#running?.usage();
    if (usage === undefined) return false;
    this.#usage = this.#cpuRate.next(usage, nowMs);
    return true;
  }

  /** From here on nobody is told of its end; a launch that is under way is awaited. */
  async beginRelease(): Promise<void> {
    this.#released = true;
    await this.#launching;
  }

  /** Lets go of it; it runs on. */
  async release(): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]();
  }

  /** What the row knows of a process; undefined also when that cannot be read. */
  #record(): VmRecord | undefined {
    const { record } = this.#options.row();
    return record === null ? undefined : parseVmRecord(record);
  }

  /** A process that the row does not know, and its folder does: of a database that is older than the process. */
  async #findByManifest(): Promise<FoundProcess | undefined> {
    const { context, log, row, keep } = this.#options;
    const json = (await readVmManifest(context.folder.vmFolder(row().id)).catch(() => undefined))?.record;
    const record = typeof json === 'string' ? parseVmRecord(json) : undefined;
    if (record === undefined) {
      if (typeof json === 'string') log.warn('vm.manifest-not-used', { message: 'Its record cannot be read.' });
      return undefined;
    }
    try {
      const running = await driverOf(context, row()).adopt(record);
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
    const signal = AbortSignal.timeout(askTimeoutMs);
    if (!(await running.isPaused({ signal }))) return { kind: 'running' };
    return { kind: 'paused', detail: await running.whyPaused({ signal }) };
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
      running = await driverOf(context, row()).launch(vmSpec(row(), image, folder), { signal: abort.signal });
      await keep({ record: JSON.stringify(running.record), started_ms: Date.now() });
    } catch (error) {
      // A VM that is not written down would be lost to the next daemon.
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
    this.#cpuRate = new CpuRate();
    this.#options.onAttached(running);
    void running.ended.then(async (end) => {
      // Let go by the daemon; a VM that ends later is the next daemon's to find.
      if (this.#released) return;
      this.#running = undefined;
      this.#usage = undefined;
      await this.#options.onEnded(end);
      await running[Symbol.asyncDispose]();
    });
  }
}
