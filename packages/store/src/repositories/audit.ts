import { createHash } from 'node:crypto';
import { type Kysely, type Selectable, sql } from 'kysely';
import type { AuditTable } from '../access-schema.ts';
import type { Schema } from '../schema.ts';

export type AuditRow = Selectable<AuditTable>;
export type AuditFacts = Omit<AuditRow, 'id' | 'hash'>;

/** What is asked of the list; what is undefined does not narrow it. */
export interface AuditQuery {
  readonly user?: string | undefined;
  /** Id or name. */
  readonly vm?: string | undefined;
  /** How the action begins. */
  readonly action?: string | undefined;
  /** "ok", "failed", or a reason. */
  readonly result?: string | undefined;
  /** Words that all are in the parameters, whatever their case. */
  readonly words?: readonly string[] | undefined;
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  readonly beforeId?: number | undefined;
  readonly limit: number;
}

const verifyBatch = 1000;

/** What was done. Entries are only added; each hashes the one before. */
export class AuditRepository {
  readonly #db: Kysely<Schema>;
  #last: Promise<unknown> = Promise.resolve();

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Adds an entry. Entries of this process are added one after the other; of another one's, who comes second tries again. */
  append(facts: AuditFacts): Promise<AuditRow> {
    const appended = this.#last.then(() => this.#append(facts));
    // Its own caller hears of a failure; the next entry is written all the same.
    this.#last = appended.catch(() => undefined);
    return appended;
  }

  /** Newest first. */
  async list(query: AuditQuery): Promise<AuditRow[]> {
    const { user, vm, action, result, words = [], sinceMs, untilMs, beforeId, limit } = query;
    let select = this.#db.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(limit);
    if (user !== undefined) select = select.where('user_name', '=', user);
    if (vm !== undefined) select = select.where((of) => of.or([of('vm_id', '=', vm), of('vm_name', '=', vm)]));
    if (action !== undefined) select = select.where(sql<boolean>`action like ${`${escapeLike(action)}%`} escape '\\'`);
    if (result === 'failed') select = select.where('result', '<>', 'ok');
    else if (result !== undefined) select = select.where('result', '=', result);
    for (const word of words) {
      const pattern = `%${escapeLike(word.toLowerCase())}%`;
      select = select.where(sql<boolean>`lower(parameters) like ${pattern} escape '\\'`);
    }
    if (sinceMs !== undefined) select = select.where('time_ms', '>=', sinceMs);
    if (untilMs !== undefined) select = select.where('time_ms', '<', untilMs);
    if (beforeId !== undefined) select = select.where('id', '<', beforeId);
    return await select.execute();
  }

  /** Recomputes every hash, oldest first. */
  async verify(): Promise<{ readonly entries: number; readonly brokenAtId: number | undefined }> {
    let before = '';
    let entries = 0;
    for (;;) {
      const rows = await this.#db
        .selectFrom('audit')
        .selectAll()
        .where('id', '>', entries)
        .orderBy('id')
        .limit(verifyBatch)
        .execute();
      for (const row of rows) {
        if (row.id !== entries + 1) return { entries, brokenAtId: entries + 1 };
        if (row.hash !== auditHash(row.id, row, before)) return { entries, brokenAtId: row.id };
        before = row.hash;
        entries = row.id;
      }
      if (rows.length < verifyBatch) return { entries, brokenAtId: undefined };
    }
  }

  async #append(facts: AuditFacts): Promise<AuditRow> {
    for (;;) {
      const last = await this.#db
        .selectFrom('audit')
        .select(['id', 'hash'])
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      const id = (last?.id ?? 0) + 1;
      const row = { id, ...facts, hash: auditHash(id, facts, last?.hash ?? '') };
      const result = await this.#db
        .insertInto('audit')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .executeTakeFirst();
      if (result.numInsertedOrUpdatedRows !== 0n) return row;
    }
  }
}

/** SHA-256, in hex, over a JSON array of the hash before and the entry's columns in their order. docs/operate/users.md */
function auditHash(id: number, facts: AuditFacts, before: string): string {
  const { time_ms, user_name, via, address, action, vm_id, vm_name, parameters, result } = facts;
  const columns = [before, id, time_ms, user_name, via, address, action, vm_id, vm_name, parameters, result];
  return createHash('sha256').update(JSON.stringify(columns)).digest('hex');
}

/** "%" and "_" in what a person typed are themselves. */
function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, (character) => `\\${character}`);
}
