import { mkdir } from 'node:fs/promises';
import { OperationError } from '@innkeeper/contract';
import type { FoundProcess, RunningVm, VmEnd, VmRecord } from '@innkeeper/hypervisor';
import { errorMessage, type Log } from '@innkeeper/kit';
import type { VmRow } from '@innkeeper/store';
import type { NodeContext } from '../context.ts';
import { readVmManifest } from '../data/manifest.ts';
import { CpuRate, type HypervisorUsageSample } from './cpu-rate.ts';
import { killProcess, killUnrecorded } from './leftover.ts';
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
    const { record: json, id } = row();
    if (json === null) {
      const unrecorded = await this.#findByManifest();
      if (unrecorded !== undefined) return unrecorded;
      if (await killUnrecorded(context.folder.runFolder(id))) log.warn('vm.unrecorded-process-killed');
      return { kind: 'gone', how: undefined };
    }
    const record = JSON.parse(json) as VmRecord;
    const running = await context.driver.adopt(record);
    if (running === undefined) return { kind: 'gone', how: await context.driver.howEnded?.(record) };
    return await this.#attachFound(running);
  }

  /** Kills it, through its hypervisor or, when that does not answer, by the pid that was kept. */
  async kill(): Promise<void> {
    if (this.#running !== undefined) return await this.#running.kill();
    const { record } = this.#options.row();
    if (record === null) return;
    const { pid, pidStartTicks } = JSON.parse(record) as VmRecord;
    await killProcess(pid, pidStartTicks);
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

  /** A process that the row does not know, and its folder does: of a database that is older than the process. */
  async #findByManifest(): Promise<FoundProcess | undefined> {
    const { context, log, row, keep } = this.#options;
    const record = (await readVmManifest(context.folder.vmFolder(row().id)).catch(() => undefined))?.record;
    if (typeof record !== 'string') return undefined;
    try {
      const running = await context.driver.adopt(JSON.parse(record) as VmRecord);
      if (running === undefined) return undefined;
      log.warn('vm.found-by-its-manifest');
      await keep({ record, started_ms: Date.now() });
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
    return { kind: 'paused', detail: await running.whyPaused?.({ signal }) };
  }

  async #launch(): Promise<unknown> {
    const { context, log, row, keep } = this.#options;
    const { driver, folder, store } = context;
    const abort = new AbortController();
    this.#launchAbort = abort;
    this.#launchError = undefined;
    let running: RunningVm | undefined;
    try {
      await mkdir(folder.runFolder(row().id), { recursive: true, mode: 0o700 });
      const image = await store.images.find(row().image);
      running = await driver.launch(vmSpec(row(), image, folder), { signal: abort.signal });
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
