import { uptime } from 'node:os';
import type { AgentLink } from '@innkeeper/agent-client';
import { isLiveVmState, isVmState, parseAgentAddress } from '@innkeeper/contract';
import {
  type HypervisorProcess,
  isPanicked,
  type RunningVm,
  storedLifecycle,
  type VmEnd,
  type VmLifecycle,
  type VmLifecycleEvent,
  vmReduce,
} from '@innkeeper/hypervisor';
import { errorMessage, type Log, limitLog, Notifier } from '@innkeeper/kit';
import type { VmRow } from '@innkeeper/store';
import { freezeOf } from '../adopted/freeze-file.ts';
import { ProxmoxServers } from '../adopted/proxmox-servers.ts';
import type { NodeContext } from '../context.ts';
import { writeVmManifest } from '../data/manifest.ts';
import { parseAgentInstall } from '../images/agent-install.ts';
import { AgentPort } from './agent-port.ts';
import { askInTime } from './ask-in-time.ts';
import type { HypervisorUsageSample } from './cpu-rate.ts';
import { PanicWatch } from './panic-watch.ts';
import { VmAgent } from './vm-agent.ts';
import { VmEffects } from './vm-effects.ts';
import { VmProcess } from './vm-process.ts';
import { namingOf } from './vm-settings.ts';
import { hasWholeDisk } from './vm-spec.ts';

export type VmChange = 'state' | 'reset' | 'panicked' | 'agent' | 'telemetry' | 'usage' | 'removed';

/** A change of one of these is also written to the VM's folder; the others are written there with its process. */
const manifestColumns = ['autostart', 'identity', 'stopped_boot_id', 'name', 'cpus', 'memory_bytes', 'tags'];

/**
 * Runs one VM: passes events to `vmReduce` one at a time, stores the new state, and then executes the effects. The state is
 * stored first, so that after a crash at any moment the next start finds what to repair.
 */
export class VmRunner {
  readonly agent: VmAgent;
  /** The id of the operation running on this VM; empty if none. */
  operationId = '';
  removed = false;
  #row: VmRow;
  #life: VmLifecycle;
  /** Whether its process is alive but could not be adopted. */
  #unreachable = false;
  #queue: Promise<void> = Promise.resolve();
  #released = false;
  #wasStopped = false;
  readonly #context: NodeContext;
  readonly #log: Log;
  /** Rate-limited log for events that the guest can cause as often as it likes. */
  readonly #agentLog: Log;
  readonly #onChange: (change: VmChange) => void;
  readonly #process: VmProcess;
  readonly #effects: VmEffects;
  readonly #changes = new Notifier();

  constructor(row: VmRow, context: NodeContext, onChange: (change: VmChange) => void) {
    this.#row = row;
    this.#context = context;
    this.#onChange = onChange;
    this.#log = context.log.with({ vm: row.name });
    this.#life = storedLifecycle(isVmState(row.state) ? row.state : 'stopped', row.state_detail);
    this.#agentLog = limitLog(this.#log, performance);
    this.agent = new VmAgent({
      log: this.#agentLog,
      onChange: (what) => this.#onAgent(what),
    });
    this.#process = new VmProcess({
      context,
      log: this.#log,
      row: () => this.#row,
      keep: (change) => this.#keepProcess(change),
      onAttached: (running) => this.#onAttached(running),
      onEnded: (end) => this.#onEnded(end),
    });
    this.#effects = new VmEffects({
      context,
      log: this.#log,
      agent: this.agent,
      process: this.#process,
      row: () => this.#row,
      dispatch: (event) => this.dispatch(event),
      restore: () => this.restore(),
      onRemoved: () => {
        this.removed = true;
        this.#changed('removed');
      },
    });
  }

  get row(): VmRow {
    return this.#row;
  }

  get life(): VmLifecycle {
    return this.#life;
  }

  /** The version of the daemon's agent; empty if it has none. */
  get newestAgent(): string {
    return this.#context.agentBinary?.version ?? '';
  }

  /** Whether somebody else runs this VM. */
  get isAdopted(): boolean {
    return this.#row.driver === 'adopted';
  }

  get running(): RunningVm | undefined {
    return this.#process.running;
  }

  /** The hypervisor process, adopted by this daemon or only recorded. */
  get process(): HypervisorProcess | undefined {
    return this.#process.recorded;
  }

  get usage(): HypervisorUsageSample | undefined {
    return this.#process.usage;
  }

  /** Why the last launch failed. */
  get launchError(): unknown {
    return this.#process.launchError;
  }

  /** Passes an event to the reducer; resolves when the new state is stored and its effects have begun. */
  dispatch(event: VmLifecycleEvent): Promise<void> {
    this.#queue = this.#queue.then(() => this.#step(event));
    return this.#queue;
  }

  /** Resolves when `condition` holds, checked after each change. Rejects with the signal's reason. */
  until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    return this.#changes.until(condition, signal);
  }

  /** Changes columns of the VM's row. */
  async setRow(change: Partial<Omit<VmRow, 'id'>>): Promise<void> {
    await this.#context.store.vms.update(this.#row.id, change);
    this.#row = { ...this.#row, ...change };
    if (manifestColumns.some((column) => column in change)) await this.#keepManifest(this.#row);
  }

  /** Best effort: the row is authoritative, and the next start writes the manifest again. */
  async #keepManifest(row: VmRow): Promise<void> {
    // It has no folder: what is not here cannot be found there.
    if (this.isAdopted) return;
    try {
      await writeVmManifest(this.#context.folder.vmFolder(row.id), row);
    } catch (error) {
      this.#log.warn('vm.manifest-not-written', { message: errorMessage(error) });
    }
  }

  /** Records that a user stopped the VM, so that it is not autostarted until the host reboots. Best effort. */
  async noteStopped(): Promise<void> {
    try {
      await this.setRow({ stopped_boot_id: this.#context.hostBootId });
    } catch (error) {
      // On a full disk, stopping VMs frees space.
      this.#log.error('vm.stop-not-noted', { message: errorMessage(error) });
    }
  }

  /**
   * After a start of the daemon: adopts the recorded process, or finds out how it ended. Rejects when the process is alive
   * but does not answer; this is retried with each sample.
   */
  async restore(): Promise<void> {
    this.#unreachable = false;
    try {
      const isWhole = await hasWholeDisk(this.#context.folder, this.#row.id);
      const found = await this.#process.find();
      if (found.kind === 'gone' && found.how === 'shutdown' && this.#startedThisBoot()) await this.noteStopped();
      await this.dispatch({ type: 'daemon-started', found, isWhole });
    } catch (error) {
      this.#unreachable = true;
      throw error;
    }
    if (this.#life.state === 'paused') this.agent.tell({ type: 'vm-paused' });
  }

  /** Samples the hypervisor process's resource usage; retries to adopt a process that could not be adopted. */
  sampleUsage(nowMs: number): void {
    if (this.#unreachable) this.#effects.attempt('vm.not-adopted', this.restore());
    if (!this.#process.sample(nowMs)) return;
    this.#changed('usage');
    this.#effects.attempt('vm.state-not-checked', this.#checkStopped());
  }

  /** Whether a signal has stopped the hypervisor's process. */
  get isProcessStopped(): boolean {
    return this.#wasStopped;
  }

  /** A process that a signal stopped is a pause; its control socket does not say so. */
  async #checkStopped(): Promise<void> {
    const { isStopped, running } = this.#process;
    if (isStopped && this.#life.state === 'running') {
      this.#wasStopped = true;
      const detail = `A signal stopped the hypervisor’s process. Continue it on the host: "kill -CONT ${running?.process?.pid}".`;
      await this.dispatch({ type: 'paused', detail });
    } else if (!isStopped && this.#wasStopped) {
      this.#wasStopped = false;
      const isPaused = running && (await askInTime((options) => running.isPaused(options)));
      if (isPaused === false) await this.dispatch({ type: 'resumed' });
    }
  }

  /** Releases the VM, which keeps running. */
  async release(): Promise<void> {
    this.#released = true;
    this.#effects.clearTimer();
    await this.#process.beginRelease();
    await this.#queue;
    await this.agent.end();
    await this.#process.release();
  }

  /** Forgets an adopted VM: closes the link, deletes the row, and touches nothing else. */
  async forget(): Promise<void> {
    await this.release();
    await this.#context.store.vms.remove(this.#row.id);
    this.#log.info('vm.released');
    this.removed = true;
    this.#changed('removed');
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
      this.#changed('state');
    }
    // Also while a paused VM is stopped: its agent can then be asked.
    if (event.type === 'resumed') this.agent.tell({ type: 'vm-resumed' });
    for (const effect of effects) this.#effects.perform(effect);
  }

  async #writeState(): Promise<void> {
    const ended = !isLiveVmState(this.#life.state);
    const change = { state: this.#life.state, state_detail: this.#life.detail.slice(0, 4096) };
    try {
      await this.setRow(ended ? { ...change, record: null, started_ms: null } : change);
    } catch (error) {
      // The database's disk is full. The running process is authoritative, and the next start checks it again.
      this.#log.error('vm.state-not-written', { message: errorMessage(error) });
    }
  }

  /** Also stored in the VM's folder, so that a running VM can be found without the database. */
  async #keepProcess(change: Pick<VmRow, 'record' | 'started_ms'>): Promise<void> {
    await this.#keepManifest({ ...this.#row, ...change });
    await this.setRow(change);
  }

  #onAttached(running: RunningVm): void {
    running.onEvent((event) => {
      if (event.type === 'paused' || event.type === 'resumed') void this.dispatch(event);
      if (event.type === 'reset') this.#onReset();
      if (event.type === 'panicked') this.#onPanic(event.detail);
    });
    const panics = new PanicWatch((detail) => this.#onPanic(detail));
    running.console.onOutput((bytes) => panics.take(bytes));
    const link = running.adoptedAgent === undefined ? this.#ownLink(running) : this.#adoptedLink(running.adoptedAgent);
    const install = parseAgentInstall(this.#row.agent);
    this.agent.begin(link, install.reason === '' ? undefined : install, { mayStepClock: !this.isAdopted });
  }

  #adoptedLink(address: string): AgentLink {
    const { createAdoptedLink, folder, version } = this.#context;
    const servers = new ProxmoxServers(folder.adopted);
    return createAdoptedLink({
      address: parseAgentAddress(address),
      nodeVersion: version,
      log: this.#agentLog,
      proxmox: (place) => servers.at(place),
      freezes: freezeOf(folder, this.#row.id),
    });
  }

  #ownLink(running: RunningVm): AgentLink {
    const { id, name, identity } = this.#row;
    const port = new AgentPort(running);
    return this.#context.createAgentLink({
      connect: (signal) => port.connect(signal),
      identity: { vmId: id, vmName: name, nodeVersion: this.#context.version },
      mayStepClock: true,
      mayGrowRoot: true,
      naming: namingOf(identity),
      log: this.#agentLog,
      isPaused: () => askInTime((options) => running.isPaused(options)),
    });
  }

  #onReset(): void {
    this.agent.tell({ type: 'vm-reset' });
    void this.dispatch({ type: 'reset' });
    this.#changed('reset');
  }

  #onPanic(detail: string): void {
    if (this.#life.state !== 'running' || this.#life.detail !== '') return;
    void this.dispatch({ type: 'panicked', detail }).then(() => this.#changed('panicked'));
  }

  #onAgent(what: 'state' | 'telemetry' | 'system'): void {
    this.#changed(what === 'telemetry' ? what : 'agent');
    if (what !== 'state' || this.agent.state.state !== 'connected') return;
    // No agent connects from a guest that has panicked: it was reset, perhaps while no daemon ran.
    if (this.#life.state === 'stopping' || isPanicked(this.#life)) void this.dispatch({ type: 'agent-connected' });
  }

  async #onEnded(end: VmEnd): Promise<void> {
    const warn = (error: unknown): void => this.#log.warn('agent.end-failed', { message: errorMessage(error) });
    await this.agent.end().catch(warn);
    // A guest that shut itself down was shut down from inside.
    if (end.kind === 'shutdown') await this.noteStopped();
    await this.dispatch({ type: 'process-ended', end });
  }

  #startedThisBoot(): boolean {
    const { started_ms: startedMs } = this.#row;
    return startedMs !== null && startedMs > Date.now() - uptime() * 1000;
  }

  #changed(change: VmChange): void {
    this.#onChange(change);
    this.#changes.notify();
  }
}
