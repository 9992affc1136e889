import type { OperationError } from '@innkeeper/contract';
import { createDeferred, type Deferred, errorMessage, type Log, Notifier } from '@innkeeper/kit';
import type { OperationRow, Store } from '@innkeeper/store';
import { toOperationError } from '../../ports/failure.ts';

const maxLogLines = 200;
const maxLineChars = 1000;
const saveIntervalMs = 500;

/** The context of an operation's work. */
export interface OperationContext {
  /** Aborted when the operation is cancelled or the daemon stops: the work must undo itself and reject. */
  readonly signal: AbortSignal;
  /** Sets the current step, and `progress` from 0 to 1 if known. A new step is also added to the log. */
  stage(text: string, progress?: number): void;
}

export interface OperationSpec {
  /** "vm.create", "image.build". */
  readonly kind: string;
  /** Name of the object it works on. */
  readonly target: string;
  readonly vmId?: string | undefined;
  readonly work: (context: OperationContext) => Promise<void>;
  /** Run it even if it cannot be stored: on a full disk, stopping and removing VMs frees space. */
  readonly evenUnsaved?: boolean | undefined;
}

export interface RunningOperationOptions {
  readonly store: Store;
  readonly log: Log;
  readonly nodeId: string;
  readonly onChange: () => void;
}

/** A running operation. */
export class RunningOperation {
  /** Incremented with each change. */
  version = 0;
  readonly ended: Promise<void>;
  #row: OperationRow;
  readonly #spec: OperationSpec;
  readonly #store: Store;
  readonly #log: Log;
  readonly #onChange: () => void;
  readonly #abort = new AbortController();
  readonly #end: Deferred<void> = createDeferred();
  readonly #lines: string[] = [];
  readonly #changes = new Notifier();
  #savedMs = 0;
  #saving: Promise<boolean> = Promise.resolve(true);

  constructor(id: string, spec: OperationSpec, options: RunningOperationOptions) {
    this.#spec = spec;
    this.#onChange = options.onChange;
    this.#store = options.store;
    this.#log = options.log.with({ operation: id, kind: spec.kind, target: spec.target });
    this.ended = this.#end.promise;
    this.#row = {
      id,
      kind: spec.kind,
      state: 'running',
      target: spec.target,
      vm_id: spec.vmId ?? '',
      stage: '',
      progress: null,
      log: '[]',
      error: null,
      started_ms: Date.now(),
      ended_ms: null,
      node_id: options.nodeId,
    };
  }

  get row(): OperationRow {
    return { ...this.#row, log: JSON.stringify(this.#lines) };
  }

  abort(reason: OperationError): void {
    this.#abort.abort(reason);
  }

  /** Resolves once `version` differs from the given one. */
  async changedSince(version: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await this.#changes.until(() => this.version !== version, signal);
  }

  /** Does the work and stores the result. Resolves to whether that was stored; never rejects. */
  async run(): Promise<boolean> {
    this.#log.info('operation.started');
    try {
      await this.#spec.work({
        signal: this.#abort.signal,
        stage: (text, progress) => this.#stage(text, progress),
      });
      this.#finish({ state: 'succeeded', progress: 1 });
      this.#log.info('operation.succeeded');
    } catch (error) {
      this.#fail(toOperationError(error));
    }
    const saved = await this.#save();
    this.#end.resolve();
    return saved;
  }

  #fail(error: OperationError): void {
    const canceled = error.reason === 'CANCELED' && this.#abort.signal.aborted;
    const { code, reason, message, nextStep } = error;
    const cause = error.cause instanceof Error ? error.cause.stack : undefined;
    if (reason === 'INTERNAL') this.#log.error('operation.failed', { reason, message, cause });
    else this.#log.warn('operation.failed', { reason, message });
    this.#addLine(message);
    this.#finish({
      state: canceled ? 'canceled' : 'failed',
      error: JSON.stringify({ code, reason, message, nextStep }),
    });
  }

  #finish(change: Partial<OperationRow>): void {
    this.#update({ ...change, ended_ms: Date.now() });
  }

  #stage(text: string, progress: number | undefined): void {
    if (text !== this.#row.stage) this.#addLine(text);
    this.#update({ stage: text.slice(0, maxLineChars), progress: progress ?? null });
    if (Date.now() - this.#savedMs > saveIntervalMs) void this.#save();
  }

  #addLine(line: string): void {
    this.#lines.push(line.slice(0, maxLineChars));
    if (this.#lines.length > maxLogLines) this.#lines.shift();
  }

  #update(change: Partial<OperationRow>): void {
    this.#row = { ...this.#row, ...change };
    this.version++;
    this.#changes.notify();
    this.#onChange();
  }

  /** One write at a time, each with the state at its time, so that an earlier one never replaces a later one. */
  #save(): Promise<boolean> {
    this.#savedMs = Date.now();
    this.#saving = this.#saving.then(() => this.#write());
    return this.#saving;
  }

  async #write(): Promise<boolean> {
    try {
      await this.#store.operations.save(this.row);
      return true;
    } catch (error) {
      // On a full disk, watchers still get the state in memory, and the next start marks the operation as interrupted.
      this.#log.error('operation.not-saved', { message: errorMessage(error) });
      return false;
    }
  }
}
