import { statfs } from 'node:fs/promises';
import { OperationError } from '@innkeeper/contract';
import { isSuspended, type Probe } from '@innkeeper/hypervisor';
import { errorMessage, Listeners, mib } from '@innkeeper/kit';
import type { VmRow } from '@innkeeper/store';
import type { NodeContext } from './context.ts';
import { removeUnfinished } from './data/remove-unfinished.ts';
import { writeManifests } from './data/write-manifests.ts';
import { ImageLibrary } from './images/image-library.ts';
import type { OperationRunner } from './operations/operation-runner.ts';
import { creatingKind, type EventText, eventOf } from './vm/event-text.ts';
import { newVmDriver } from './vm/vm-driver.ts';
import { type VmChange, VmRunner } from './vm/vm-runner.ts';

const usageIntervalMs = 4_000;
const pruneIntervalMs = 600_000;
/** Free space on the host at which VMs that were paused on a full disk are resumed. */
const resumeFreeBytes = 64 * mib;

/** The VMs of this host. */
export class Node {
  readonly context: NodeContext;
  readonly operations: OperationRunner;
  readonly images: ImageLibrary;
  /** Emits the id of each VM that changed or was deleted. */
  readonly changes = new Listeners<string>();
  /** Emitted when a VM has a new report of its agent or of its hypervisor's usage. */
  readonly measured = new Listeners<{ readonly runner: VmRunner; readonly change: 'telemetry' | 'usage' }>();
  readonly startedMs = Date.now();
  readonly #runners = new Map<string, VmRunner>();
  /** The kind of the last event of each VM, so that a state reported twice is one event. */
  readonly #lastEvents = new Map<string, { readonly vm: string; readonly agent: string }>();
  #timers: NodeJS.Timeout[] = [];
  #events: Promise<void> = Promise.resolve();

  constructor(context: NodeContext, operations: OperationRunner) {
    this.context = context;
    this.operations = operations;
    this.images = new ImageLibrary(context, operations);
  }

  /** Takes over running VMs of an earlier daemon and cleans up its unfinished work. */
  async start(): Promise<void> {
    const { store, log } = this.context;
    const interrupted = await store.operations.interruptRunning(Date.now());
    if (interrupted > 0) log.warn('operations.interrupted', { count: interrupted });
    await removeUnfinished(this.context);
    const runners = (await store.vms.list()).map((row) => this.#add(row));
    await Promise.all(runners.map((runner) => this.#restore(runner)));
    // Not earlier: a manifest may contain a process that the row does not.
    await writeManifests(this.context);
    this.#timers = [
      setInterval(() => this.#sampleUsage(), usageIntervalMs),
      setInterval(() => this.#prune(), pruneIntervalMs),
    ];
    // Timers must not keep the process running; the listening sockets do.
    for (const timer of this.#timers) timer.unref();
  }

  /** Every VM, oldest first. */
  list(): VmRunner[] {
    return [...this.#runners.values()];
  }

  find(idOrName: string): VmRunner | undefined {
    return this.#runners.get(idOrName) ?? this.list().find((runner) => runner.row.name === idOrName);
  }

  /** Fails with VM_NOT_FOUND. */
  get(idOrName: string): VmRunner {
    const runner = this.find(idOrName);
    if (runner !== undefined) return runner;
    throw new OperationError('VM_NOT_FOUND', `There is no VM named "${idOrName.slice(0, 80)}".`);
  }

  /** Inserts a VM's row in state `creating`. Fails with VM_NAME_TAKEN. */
  async insert(row: VmRow): Promise<VmRunner> {
    await this.context.store.vms.insert(row);
    const runner = this.#add(row);
    this.changes.emit(row.id);
    return runner;
  }

  /** Probes the driver for new VMs. */
  probe(): Promise<Probe> {
    return newVmDriver(this.context).probe();
  }

  /** Releases all VMs, which keep running. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.list().map((runner) => runner.release()));
    await this.#events;
  }

  #add(row: VmRow): VmRunner {
    const runner: VmRunner = new VmRunner(row, this.context, (change) => this.#onChange(runner, change));
    this.#runners.set(row.id, runner);
    if (row.state === 'creating') this.#lastEvents.set(row.id, { vm: creatingKind, agent: '' });
    return runner;
  }

  async #restore(runner: VmRunner): Promise<void> {
    try {
      await runner.restore();
    } catch (error) {
      // A VM whose hypervisor does not answer must not keep the daemon from serving the others.
      const message = errorMessage(error);
      this.context.log.error('vm.not-adopted', { vm: runner.row.name, message });
    }
  }

  #onChange(runner: VmRunner, change: VmChange): void {
    const { id } = runner.row;
    if (change === 'removed') this.#runners.delete(id);
    if (change !== 'telemetry' && change !== 'usage') this.#recordEvent(runner, change);
    if (change === 'telemetry' || change === 'usage') this.measured.emit({ runner, change });
    if (change === 'removed') this.#lastEvents.delete(id);
    this.changes.emit(id);
  }

  /** Stores an event that is not a change of state. */
  async note({ row }: VmRunner, kind: string, message: string): Promise<void> {
    this.#storeEvent(row.id, { topic: 'vm', kind, message });
    await this.#events;
  }

  #recordEvent(runner: VmRunner, change: VmChange): void {
    const { id } = runner.row;
    const last = this.#lastEvents.get(id) ?? { vm: '', agent: '' };
    const event = eventOf(runner, change, last.vm);
    if (event.topic !== 'guest') {
      this.#lastEvents.set(id, { ...last, [event.topic]: event.kind });
      if (last[event.topic] === event.kind) return;
    }
    this.#storeEvent(id, event);
  }

  #storeEvent(id: string, { kind, message, topic }: EventText): void {
    const row = { time_ms: Date.now(), vm_id: id, kind, message, node_id: this.context.nodeId };
    // Sequentially, to keep their order. Events of guests are coalesced, since a guest can cause any number of them.
    this.#events = this.#events.then(() =>
      this.#write(this.context.store.events.insert(row, { coalesce: topic !== 'vm' })),
    );
  }

  #sampleUsage(): void {
    const nowMs = Date.now();
    for (const runner of this.#runners.values()) runner.sampleUsage(nowMs);
    this.resumeStarved().catch((error: unknown) => this.context.log.warn('vm.not-resumed', { message: String(error) }));
  }

  /** Resumes VMs that the hypervisor paused on a full disk once the host has free space again. */
  async resumeStarved(): Promise<void> {
    const starved = this.list().filter(
      ({ life, isProcessStopped }) =>
        life.state === 'paused' && life.detail !== '' && !isSuspended(life) && !isProcessStopped,
    );
    if (starved.length === 0) return;
    const { bavail, bsize } = await statfs(this.context.folder.path);
    if (bavail * bsize < resumeFreeBytes) return;
    for (const runner of starved) await runner.dispatch({ type: 'resume' });
  }

  #prune(): void {
    void this.#write(this.context.store.prune(Date.now()));
  }

  /** Logs a failure, such as a full disk, which must not affect running VMs. */
  #write(work: Promise<void>): Promise<void> {
    return work.catch((error: unknown) => {
      this.context.log.error('history.not-written', {
        message: errorMessage(error),
      });
    });
  }
}
