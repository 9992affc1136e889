import type { Log } from '@innkeeper/kit';
import type { Store } from '@innkeeper/store';
import { Audit, type AuditParameters, type AuditRecord, type Intent } from './audit.ts';
import { coalescedWriter } from './interrupted.ts';

/** Calls of this time share an entry. */
const coalesceMs = 600_000;
/** Counts reach the disk this often, so a daemon that is killed loses no more than the counts of this time. */
const saveMs = 10_000;
/** Entries that are being counted; beyond them, the oldest is written. */
const maxOpen = 1_000;

/** Counts for one future entry. */
interface OpenEntry {
  record: Omit<AuditRecord, 'parameters'>;
  readonly shared: AuditParameters;
  readonly firstMs: number;
  count: number;
  /** Of all its calls together, such as bytes. */
  sums: Readonly<Record<string, number>>;
  isSaved: boolean;
  intent: Intent | undefined;
}

/** What an entry for several calls says of them, with their sums. No request's parameters have these names. */
interface CountFacts extends AuditParameters {
  readonly coalesced_calls: number;
  readonly first_unix_ms: number;
}

export interface CoalescedCallsOptions {
  readonly store: Store;
  readonly log: Log;
  readonly clock: {
    nowMs(): number;
    repeat(intervalMs: number, callback: () => void): () => void;
  };
}

/**
 * Records calls that only read, and connections to guests, without an entry and a write for each: those of one user, on one
 * VM, with one result, within 10 minutes are one entry. Until it is written, its count is an intent, so that it survives the daemon.
 */
export class CoalescedCalls implements AsyncDisposable {
  readonly #audit: Audit;
  readonly #clock: CoalescedCallsOptions['clock'];
  /** The oldest first. */
  readonly #open = new Map<string, OpenEntry>();
  #stopTimer: (() => void) | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor({ store, log, clock }: CoalescedCallsOptions) {
    this.#clock = clock;
    this.#audit = new Audit({ store, log, nowMs: () => clock.nowMs(), writer: coalescedWriter });
  }

  /**
   * Counts a call. Writes nothing yet. Calls with other `shared` parameters have an entry of their own. Returns whether it is
   * the first one of its entry.
   */
  count(call: Omit<AuditRecord, 'parameters'>, shared: AuditParameters = {}): boolean {
    return this.#add(call, { shared, count: 1, sums: {} });
  }

  /** Adds figures of a call that was counted when it began to the entry of now, which may have no calls of its own. */
  addTo(call: Omit<AuditRecord, 'parameters'>, sums: Readonly<Record<string, number>>, shared: AuditParameters): void {
    this.#add(call, { shared, count: 0, sums });
  }

  #add(call: Omit<AuditRecord, 'parameters'>, { shared, count, sums }: Pick<OpenEntry, 'shared' | 'count' | 'sums'>) {
    const { caller, action, vm, result } = call;
    const timeMs = this.#clock.nowMs();
    this.#stopTimer ??= this.#clock.repeat(saveMs, () => void this.save());
    const record = { ...call, timeMs };
    const key = JSON.stringify([caller.name, caller.via, caller.token?.name, action, vm?.id, result, shared]);
    const open = this.#open.get(key);
    if (open !== undefined && timeMs - open.firstMs < coalesceMs) {
      const total = { ...open.sums };
      for (const [name, value] of Object.entries(sums)) total[name] = (total[name] ?? 0) + value;
      Object.assign(open, { record, count: open.count + count, sums: total, isSaved: false });
      return false;
    }
    const over = open === undefined ? [] : [key];
    if (open === undefined && this.#open.size >= maxOpen) over.push(...this.#open.keys().take(1));
    if (over.length > 0) void this.#close(over);
    this.#open.set(key, { record, firstMs: timeMs, shared, count, sums, isSaved: false, intent: undefined });
    return true;
  }

  /** Writes the entries of all calls until now, whatever the time, and resolves when they are on disk. Never rejects. */
  async flush(): Promise<void> {
    await this.#close([...this.#open.keys()]);
  }

  /** Writes the entries whose time is over, and saves the counts of the others. Never rejects. */
  async save(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    await this.#close([...this.#open].filter(([, { firstMs }]) => nowMs - firstMs >= coalesceMs).map(([key]) => key));
    await this.#inOrder([...this.#open.values()].map((entry) => () => this.#saveOne(entry)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopTimer?.();
    await this.flush();
  }

  async #close(keys: readonly string[]): Promise<void> {
    const entries = keys.flatMap((key) => this.#open.get(key) ?? []);
    for (const key of keys) this.#open.delete(key);
    await this.#inOrder(
      entries.map((entry) => () => this.#audit.record({ ...entry.record, parameters: factsOf(entry) }, entry.intent)),
    );
  }

  async #saveOne(entry: OpenEntry): Promise<void> {
    if (entry.isSaved) return;
    entry.isSaved = true;
    entry.intent = await this.#audit.intend({ ...entry.record, parameters: factsOf(entry) }, entry.intent);
  }

  /** Writes together, after all earlier ones, so that an entry's intent is known when the entry is written. */
  async #inOrder(writes: readonly (() => Promise<void>)[]): Promise<void> {
    this.#writing = this.#writing.then(async () => void (await Promise.all(writes.map((write) => write()))));
    await this.#writing;
  }
}

function factsOf({ count, firstMs, shared, sums }: OpenEntry): CountFacts {
  return { coalesced_calls: count, first_unix_ms: firstMs, ...shared, ...sums };
}

/** The number of calls that an entry stands for, and the time of the first if there are several to share it. */
export function countOf(parameters: string): { readonly count: number; readonly firstMs: number | undefined } {
  const single = { count: 1, firstMs: undefined };
  if (!parameters.startsWith('{"coalesced_calls":')) return single;
  const { coalesced_calls: count, first_unix_ms: firstMs } = JSON.parse(parameters) as CountFacts;
  return { count, firstMs };
}
