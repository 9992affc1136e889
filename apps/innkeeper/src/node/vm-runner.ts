import { mkdir, rm } from 'node:fs/promises';
import { isLiveVmState, isVmState, OperationError } from '@innkeeper/contract';
import { ShutdownMode } from '@innkeeper/contract/agent';
import {
  type FoundProcess,
  nativePort,
  type RunningVm,
  storedLifecycle,
  type VmEffect,
  type VmEvent,
  type VmLifecycle,
  type VmLifecycleEvent,
  type VmRecord,
  vmReduce,
} from '@innkeeper/hypervisor';
import type { Log } from '@innkeeper/kit';
import type { VmRow } from '@innkeeper/store';
import { parseAgentInstall } from './agent-install.ts';
import type { NodeContext } from './context.ts';
import { CpuRate, type HypervisorUsageSample } from './cpu-rate.ts';
import { killProcess, killUnrecorded } from './leftover.ts';
import { VmAgent } from './vm-agent.ts';
import { vmSpec } from './vm-spec.ts';

export type VmChange = 'state' | 'agent' | 'telemetry' | 'usage' | 'removed';

/**
 * One VM: gives events to `vmReduce` one at a time, writes the new state down, and then does what it names. What is
 * written comes first, so that a daemon that dies at any moment finds at its next start what it has to repair.
 */
export class VmRunner {
  readonly agent: VmAgent;
  #row: VmRow;
  #life: VmLifecycle;
  #running: RunningVm | undefined;
  #usage: HypervisorUsageSample | undefined;
  #cpuRate = new CpuRate();
  #launchAbort = new AbortController();
  #launchError: unknown;
  #launching: Promise<void> = Promise.resolve();
  /** Its process lives, and could not be adopted. */
  #unreachable = false;
  #timer: NodeJS.Timeout | undefined;
  #queue: Promise<void> = Promise.resolve();
  #released = false;
  readonly #context: NodeContext;
  readonly #log: Log;
  readonly #onChange: (change: VmChange) => void;
  readonly #waiters = new Set<() => void>();
  /** The operation that works on this VM now; empty for none. */
  operationId = '';
  removed = false;

  constructor(row: VmRow, context: NodeContext, onChange: (change: VmChange) => void) {
    this.#row = row;
    this.#context = context;
    this.#onChange = onChange;
    this.#log = context.log.with({ vm: row.name });
    this.#life = storedLifecycle(isVmState(row.state) ? row.state : 'stopped', row.state_detail);
    this.agent = new VmAgent({
      log: this.#log,
      onChange: (what) => this.#changed(what === 'telemetry' ? what : 'agent'),
    });
  }

  get row(): VmRow {
    return this.#row;
  }

  get life(): VmLifecycle {
    return this.#life;
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

  /** Gives an event to the reducer; resolves when the new state is written and its effects have begun. */
  dispatch(event: VmLifecycleEvent): Promise<void> {
    this.#queue = this.#queue.then(() => this.#step(event));
    return this.#queue;
  }

  /** Resolves when `condition` holds, checked after each change. Rejects with the signal's reason. */
  async until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    while (!condition()) {
      signal.throwIfAborted();
      let wake: () => void = () => undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
        this.#waiters.add(wake);
        signal.addEventListener('abort', wake, { once: true });
      });
      this.#waiters.delete(wake);
      signal.removeEventListener('abort', wake);
    }
  }

  /** Notes what a creation has found out. */
  async setRow(change: Partial<Omit<VmRow, 'id' | 'name'>>): Promise<void> {
    await this.#context.store.vms.update(this.#row.id, change);
    this.#row = { ...this.#row, ...change };
  }

  /**
   * After a start of the daemon: finds the process of the record again, or what became of it. Rejects when the process
   * lives and does not answer; it is tried again with each sample then.
   */
  async restore(): Promise<void> {
    this.#unreachable = false;
    try {
      await this.dispatch({ type: 'daemon-started', found: await this.#findProcess() });
    } catch (error) {
      this.#unreachable = true;
      throw error;
    }
    const paused = this.#life.state === 'paused';
    if (paused) this.agent.tell({ type: 'vm-paused' });
  }

  /** Looks at what the hypervisor's process uses; one that could not be adopted is tried again. */
  sampleUsage(nowMs: number): void {
    if (this.#unreachable) this.#attempt('vm.not-adopted', this.restore());
    const usage = this.#running?.usage();
    if (usage === undefined) return;
    this.#usage = this.#cpuRate.next(usage, nowMs);
    this.#changed('usage');
  }

  /** Lets go of the VM, which runs on. */
  async release(): Promise<void> {
    this.#released = true;
    clearTimeout(this.#timer);
    await this.#launching;
    await this.#queue;
    await this.agent.end();
    await this.#running?.[Symbol.asyncDispose]();
  }

  async #step(event: VmLifecycleEvent): Promise<void> {
    if (this.#released || this.removed) return;
    const { state, effects } = vmReduce(this.#life, event);
    if (state !== this.#life) {
      const before = this.#life.state;
      this.#life = state;
      await this.#writeState();
      if (state.state !== before) this.#log.info(`vm.${state.state}`, { detail: state.detail });
      if (event.type === 'paused' && state.state === 'paused') this.agent.tell({ type: 'vm-paused' });
      if (event.type === 'resumed') this.agent.tell({ type: 'vm-resumed' });
      this.#changed('state');
    }
    for (const effect of effects) this.#do(effect);
  }

  async #writeState(): Promise<void> {
    const ended = !isLiveVmState(this.#life.state);
    const change = { state: this.#life.state, state_detail: this.#life.detail.slice(0, 4096) };
    try {
      await this.setRow(ended ? { ...change, record: null, started_ms: null } : change);
    } catch (error) {
      // The database's disk is full. What runs is the truth, and the next start looks at that again.
      this.#log.error('vm.state-not-written', { message: messageOf(error) });
    }
  }

  #do(effect: VmEffect): void {
    switch (effect.type) {
      case 'launch':
        this.#launching = this.#launch();
        return;
      case 'abort-launch':
        this.#launchAbort.abort(new OperationError('CANCELED', 'The VM was stopped while it started.'));
        return;
      case 'pause-guest':
        this.#attempt('vm.pause-failed', this.#running?.pause?.());
        return;
      case 'resume-guest':
        this.#attempt('vm.resume-failed', this.#running?.resume?.());
        return;
      case 'ask-agent-to-shut-down': {
        const asked = this.agent.link?.shutdown(ShutdownMode.POWEROFF, { timeoutMs: effect.timeoutMs });
        this.#attempt('vm.agent-shutdown-failed', asked ?? Promise.reject(new Error('no link')), 'agent');
        return;
      }
      case 'press-power-button':
        this.#attempt('vm.power-button-failed', this.#running?.pressPowerButton(), 'acpi');
        return;
      case 'kill-process':
        this.#attempt('vm.kill-failed', this.#running?.kill() ?? this.#killUnreachable());
        return;
      case 'set-timer':
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => void this.dispatch({ type: 'deadline', step: effect.step }), effect.delayMs);
        return;
      case 'clear-timer':
        clearTimeout(this.#timer);
        return;
      case 'remove-files':
        void this.#remove();
        return;
    }
  }

  #attempt(failure: string, work: Promise<unknown> | undefined, step?: 'agent' | 'acpi' | 'kill'): void {
    work?.catch((error: unknown) => {
      this.#log.warn(failure, { message: messageOf(error) });
      if (step !== undefined) void this.dispatch({ type: 'step-failed', step });
    });
  }

  async #launch(): Promise<void> {
    const { driver, folder, store } = this.#context;
    const abort = new AbortController();
    this.#launchAbort = abort;
    this.#launchError = undefined;
    let running: RunningVm | undefined;
    try {
      await mkdir(folder.runFolder(this.#row.id), { recursive: true, mode: 0o700 });
      const image = await store.images.find(this.#row.image);
      running = await driver.launch(vmSpec(this.#row, image, folder), { signal: abort.signal });
      await this.setRow({ record: JSON.stringify(running.record), started_ms: Date.now() });
    } catch (error) {
      // A VM that is not written down would be lost to the next daemon.
      await running
        ?.kill()
        .catch((failure: unknown) => this.#log.error('vm.kill-failed', { message: messageOf(failure) }));
      this.#launchError = error;
      await this.dispatch({ type: 'launch-failed', detail: messageOf(error) });
      return;
    }
    // The next daemon adopts it.
    if (this.#released) return await running[Symbol.asyncDispose]();
    this.#attach(running);
    await this.dispatch({ type: 'launched' });
  }

  #attach(running: RunningVm): void {
    const { context, row } = { context: this.#context, row: this.#row };
    this.#running = running;
    this.#usage = undefined;
    this.#cpuRate = new CpuRate();
    running.onEvent((event) => this.#onVmEvent(event));
    const install = parseAgentInstall(row.agent);
    const link = context.createAgentLink({
      connect: (signal) => running.agentChannel(nativePort, { signal }),
      identity: { vmId: row.id, vmName: row.name, nodeVersion: context.version },
      mayStepClock: true,
      log: this.#log,
      isPaused: () => running.isPaused({ signal: AbortSignal.timeout(3000) }),
    });
    this.agent.begin(link, install.reason === '' ? undefined : install);
    void running.ended.then(async (end) => {
      // Let go by the daemon; a VM that ends later is the next daemon's to find.
      if (this.#released) return;
      this.#running = undefined;
      this.#usage = undefined;
      await this.agent
        .end()
        .catch((error: unknown) => this.#log.warn('agent.end-failed', { message: messageOf(error) }));
      await this.dispatch({ type: 'process-ended', end });
      await running[Symbol.asyncDispose]();
    });
  }

  #onVmEvent(event: VmEvent): void {
    if (event.type === 'paused' || event.type === 'resumed') void this.dispatch(event);
    if (event.type === 'reset') this.agent.tell({ type: 'vm-reset' });
  }

  async #findProcess(): Promise<FoundProcess> {
    const { driver, folder } = this.#context;
    if (this.#row.record === null) {
      if (await killUnrecorded(folder.runFolder(this.#row.id))) this.#log.warn('vm.unrecorded-process-killed');
      return { kind: 'gone', how: undefined };
    }
    const record = JSON.parse(this.#row.record) as VmRecord;
    const running = await driver.adopt(record);
    if (running === undefined) return { kind: 'gone', how: await driver.howEnded?.(record) };
    this.#attach(running);
    return { kind: (await running.isPaused()) ? 'paused' : 'running' };
  }

  /** The reducer repeats it when its deadline passes. */
  async #killUnreachable(): Promise<void> {
    if (this.#row.record === null) return;
    const { pid, pidStartTicks } = JSON.parse(this.#row.record) as VmRecord;
    await killProcess(pid, pidStartTicks);
    await this.restore();
  }

  async #remove(): Promise<void> {
    const { folder, store } = this.#context;
    try {
      await rm(folder.vmFolder(this.#row.id), { recursive: true, force: true });
      await rm(folder.runFolder(this.#row.id), { recursive: true, force: true });
      // The row goes last: as long as it is there, the next start removes what is left.
      await store.vms.remove(this.#row.id);
    } catch (error) {
      await this.dispatch({ type: 'delete-failed', detail: messageOf(error) });
      return;
    }
    this.removed = true;
    this.#log.info('vm.deleted');
    this.#changed('removed');
  }

  #changed(change: VmChange): void {
    this.#onChange(change);
    for (const wake of [...this.#waiters]) wake();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
