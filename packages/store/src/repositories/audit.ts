import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';
import { type AuditFacts, type AuditIntent, type AuditRow, AuditWriter, auditHash } from './audit-writer.ts';

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
  readonly #writer: AuditWriter;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
    this.#writer = new AuditWriter(db);
  }

  /**
   * Writes down that something is about to be done, before it is. With the same id again it replaces what was written.
   * Resolves when it is on disk.
   */
  async intend(intent: AuditIntent): Promise<void> {
    await this.#writer.write({ kind: 'intend', intent });
  }

  /** Adds an entry; with `closes`, in the place of the intent of this id. Resolves when it is on disk. */
  async append(facts: AuditFacts, { closes }: { readonly closes?: string | undefined } = {}): Promise<AuditRow> {
    const row = await this.#writer.write({ kind: 'append', facts, ...(closes === undefined ? {} : { closes }) });
    if (row === undefined) throw new Error('an entry that was not added');
    return row;
  }

  /** Drops an intent that is not worth an entry. */
  async forget(id: string): Promise<void> {
    await this.#writer.write({ kind: 'forget', id });
  }

  /** Moves on when others may close the open intents of a writer. */
  async renew(writer: string, expiresMs: number): Promise<void> {
    await this.#db.updateTable('audit_intents').set({ expires_ms: expiresMs }).where('writer', '=', writer).execute();
  }

  /**
   * Closes intents whose end nobody will write down: those of a writer that has started again, and those that have run
   * out. Each becomes an entry of the time it began at, with this result. Resolves with their number.
   */
  async closeInterrupted(which: { writer: string } | { expiredBeforeMs: number }, result: string): Promise<number> {
    const select = this.#db.selectFrom('audit_intents').selectAll();
    const open = await ('writer' in which
      ? select.where('writer', '=', which.writer)
      : select.where('expires_ms', '<', which.expiredBeforeMs)
    ).execute();
    const facts = open.map((row) => ({ id: row.id, facts: JSON.parse(row.facts) as AuditFacts }));
    facts.sort((one, other) => one.facts.time_ms - other.facts.time_ms);
    const closed = await Promise.all(
      facts.map(({ id, facts }) =>
        this.#writer.write({ kind: 'append', facts: { ...facts, result }, closes: id, onlyIfOpen: true }),
      ),
    );
    return closed.filter((row) => row !== undefined).length;
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
}

/** "%" and "_" in what a person typed are themselves. */
function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, (character) => `\\${character}`);
}
