import { createHash } from 'node:crypto';
import type { Kysely, Selectable, Transaction } from 'kysely';
import type { AuditTable } from '../access-schema.ts';
import type { Schema } from '../schema.ts';

export type AuditRow = Selectable<AuditTable>;
export type AuditFacts = Omit<AuditRow, 'id' | 'hash'>;

/** An authorized act whose result is not recorded yet. */
export interface AuditIntent {
  readonly id: string;
  /** The process that is responsible for it. */
  readonly writer: string;
  /** When another process may close it. */
  readonly expiresMs: number;
  /** Its future entry, without the result. */
  readonly facts: AuditFacts;
}

type Work =
  | { readonly kind: 'intend'; readonly intent: AuditIntent }
  /** `onlyIfOpen`: skip it when its intent no longer exists, since another process has closed it. */
  | { readonly kind: 'append'; readonly facts: AuditFacts; readonly closes?: string; readonly onlyIfOpen?: boolean }
  | { readonly kind: 'forget'; readonly id: string };

interface Job {
  readonly work: Work;
  readonly done: PromiseWithResolvers<AuditRow | undefined>;
}

/** Written in one transaction. */
const maxBatch = 64;

/** Another process wrote an entry with this number first. */
class NumberTaken extends Error {}

/**
 * Writes intents and entries of the audit. Requests that arrive during a transaction are written together by the next
 * one, in their order, so that many concurrent callers share one sync of the disk.
 */
export class AuditWriter {
  readonly #db: Kysely<Schema>;
  #waiting: Job[] = [];
  #isWriting = false;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Resolves when the work is on disk, with the entry if one was written. */
  write(work: Work): Promise<AuditRow | undefined> {
    const done = Promise.withResolvers<AuditRow | undefined>();
    this.#waiting.push({ work, done });
    if (!this.#isWriting) void this.#writeAll();
    return done.promise;
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    // Wait one turn, so that requests of the same turn share the transaction.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, maxBatch);
      try {
        const rows = await this.#writeBatch(batch.map(({ work }) => work));
        for (const [index, { done }] of batch.entries()) done.resolve(rows[index]);
      } catch (error) {
        // The error is reported to each caller; later requests are still written.
        for (const { done } of batch) done.reject(error);
      }
    }
    this.#isWriting = false;
  }

  async #writeBatch(batch: readonly Work[]): Promise<(AuditRow | undefined)[]> {
    for (;;) {
      try {
        return await this.#db.transaction().execute((transaction) => writeWork(transaction, batch));
      } catch (error) {
        if (!(error instanceof NumberTaken)) throw error;
      }
    }
  }
}

async function writeWork(transaction: Transaction<Schema>, batch: readonly Work[]): Promise<(AuditRow | undefined)[]> {
  const rows: (AuditRow | undefined)[] = [];
  let last: Pick<AuditRow, 'id' | 'hash'> | undefined;
  for (const work of batch) {
    if (work.kind === 'intend') {
      await putIntent(transaction, work.intent);
      rows.push(undefined);
    } else if (work.kind === 'forget') {
      await transaction.deleteFrom('audit_intents').where('id', '=', work.id).execute();
      rows.push(undefined);
    } else {
      const { facts, closes, onlyIfOpen } = work;
      const closed = closes === undefined ? 0n : await closeIntent(transaction, closes);
      if (onlyIfOpen === true && closed === 0n) {
        rows.push(undefined);
        continue;
      }
      last ??= await lastEntry(transaction);
      const row: AuditRow = await insertAfter(transaction, last, facts);
      last = row;
      rows.push(row);
    }
  }
  return rows;
}

async function putIntent(transaction: Transaction<Schema>, intent: AuditIntent): Promise<void> {
  const { id, writer, expiresMs } = intent;
  const change = { writer, expires_ms: expiresMs, facts: JSON.stringify(intent.facts) };
  await transaction
    .insertInto('audit_intents')
    .values({ id, ...change })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(change))
    .execute();
}

async function closeIntent(transaction: Transaction<Schema>, id: string): Promise<bigint> {
  const { numDeletedRows } = await transaction.deleteFrom('audit_intents').where('id', '=', id).executeTakeFirst();
  return numDeletedRows;
}

async function lastEntry(transaction: Transaction<Schema>): Promise<Pick<AuditRow, 'id' | 'hash'>> {
  const last = await transaction
    .selectFrom('audit')
    .select(['id', 'hash'])
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
  return last ?? { id: 0, hash: '' };
}

async function insertAfter(
  transaction: Transaction<Schema>,
  last: Pick<AuditRow, 'id' | 'hash'>,
  facts: AuditFacts,
): Promise<AuditRow> {
  const id = last.id + 1;
  const row = { id, ...facts, hash: auditHash(id, facts, last.hash) };
  const result = await transaction
    .insertInto('audit')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst();
  if (result.numInsertedOrUpdatedRows === 0n) throw new NumberTaken();
  return row;
}

/** SHA-256 in hex of a JSON array of the previous hash and the entry's columns in order (docs/operate/users.md). */
export function auditHash(id: number, facts: AuditFacts, before: string): string {
  const { time_ms, user_name, via, address, action, vm_id, vm_name, parameters, result } = facts;
  const columns = [before, id, time_ms, user_name, via, address, action, vm_id, vm_name, parameters, result];
  return createHash('sha256').update(JSON.stringify(columns)).digest('hex');
}
