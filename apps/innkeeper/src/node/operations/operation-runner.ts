import { randomUUID } from 'node:crypto';
import { OperationError } from '@innkeeper/contract';
import { errorMessage, Listeners, type Log } from '@innkeeper/kit';
import type { OperationRow, Store } from '@innkeeper/store';
import { type OperationSpec, RunningOperation } from './running-operation.ts';

/** Number of ended operations that are kept in memory because they could not be stored. */
const maxUnsaved = 100;

/** Runs slow work as operations, which are stored, have progress and a log, and can be cancelled. */
export class OperationRunner {
  /** Emits the id of each operation that began or changed. */
  readonly changes = new Listeners<string>();
  readonly #store: Store;
  readonly #log: Log;
  readonly #nodeId: string;
  readonly #running = new Map<string, RunningOperation>();
  readonly #unsaved = new Map<string, OperationRow>();

  constructor(options: { readonly store: Store; readonly log: Log; readonly nodeId: string }) {
    this.#store = options.store;
    this.#log = options.log;
    this.#nodeId = options.nodeId;
  }

  /** Starts an operation; resolves as soon as it is stored. Follow it with `get`, `watch` and `finished`. */
  async start(spec: OperationSpec, id: string = randomUUID()): Promise<OperationRow> {
    const operation = new RunningOperation(id, spec, {
      store: this.#store,
      log: this.#log,
      nodeId: this.#nodeId,
      onChange: () => this.changes.emit(id),
    });
    this.#running.set(id, operation);
    try {
      await this.#store.operations.save(operation.row);
    } catch (error) {
      if (!spec.evenUnsaved) {
        this.#running.delete(id);
        throw error;
      }
      const message = errorMessage(error);
      this.#log.error('operation.not-saved', { operation: id, message });
    }
    this.changes.emit(id);
    void this.#run(operation);
    return operation.row;
  }

  /** Undefined when there is none. */
  async find(id: string): Promise<OperationRow | undefined> {
    return this.#running.get(id)?.row ?? this.#unsaved.get(id) ?? (await this.#store.operations.find(id));
  }

  /** Fails with OPERATION_NOT_FOUND. */
  async get(id: string): Promise<OperationRow> {
    const row = await this.find(id);
    if (row === undefined) throw new OperationError('OPERATION_NOT_FOUND', `There is no operation "${id}".`);
    return row;
  }

  /** Newest first; of all nodes when `nodeId` is undefined. `before`: only those that began before this one. */
  async list(
    limit: number,
    before?: Pick<OperationRow, 'started_ms' | 'id'>,
    nodeId?: string,
  ): Promise<OperationRow[]> {
    const rows = await this.#store.operations.list(limit, before, nodeId);
    return rows.map((row) => this.#running.get(row.id)?.row ?? row);
  }

  /** Yields the operation now and after each change until it has ended. A slow reader may miss changes except the last. */
  async *watch(id: string, signal: AbortSignal): AsyncGenerator<OperationRow> {
    const operation = this.#running.get(id);
    if (operation === undefined) return yield await this.get(id);
    for (let seen = -1; ; ) {
      const { version, row } = operation;
      if (version !== seen) yield row;
      seen = version;
      // Of the row that was yielded: the operation may have ended meanwhile.
      if (row.state !== 'running') return;
      await operation.changedSince(seen, signal);
    }
  }

  /** Resolves when the operation has ended, whatever its result. */
  async finished(id: string, signal: AbortSignal): Promise<OperationRow> {
    let last = await this.get(id);
    for await (const row of this.watch(id, signal)) last = row;
    return last;
  }

  /** Cancels an operation, which undoes its work. Has no effect on an ended one. */
  async cancel(id: string): Promise<OperationRow> {
    this.#running.get(id)?.abort(new OperationError('CANCELED', 'The operation was cancelled.'));
    return await this.get(id);
  }

  /** Interrupts all operations; resolves when they have undone their work. */
  async close(): Promise<void> {
    const all = [...this.#running.values()];
    for (const operation of all) {
      operation.abort(new OperationError('OPERATION_INTERRUPTED', 'The daemon was stopped during the operation.'));
    }
    await Promise.all(all.map((operation) => operation.ended));
  }

  async #run(operation: RunningOperation): Promise<void> {
    const { id } = operation.row;
    if (!(await operation.run())) {
      this.#unsaved.set(id, operation.row);
      for (const old of [...this.#unsaved.keys()].slice(0, -maxUnsaved)) this.#unsaved.delete(old);
    }
    this.#running.delete(id);
    this.changes.emit(id);
  }
}
