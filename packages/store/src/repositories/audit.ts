import { type Kysely, sql } from 'kysely';
import type { Schema } from '../schema.ts';
import { type AuditFacts, type AuditIntent, type AuditRow, AuditWriter, auditHash } from './audit-writer.ts';

/** Filters of the list; undefined: not filtered. */
export interface AuditQuery {
  readonly user?: string | undefined;
  /** Id or name. */
  readonly vm?: string | undefined;
  /** Prefix of the action. */
  readonly action?: string | undefined;
  /** "ok", "failed", or a reason. */
  readonly result?: string | undefined;
  /** Words that must all occur in the parameters, ignoring case. */
  readonly words?: readonly string[] | undefined;
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  readonly beforeId?: number | undefined;
  readonly limit: number;
}

const verifyBatch = 1000;

/** The audit. Entries are only added; each one's hash covers the previous one. */
export class AuditRepository {
  readonly #db: Kysely<Schema>;
  readonly #writer: AuditWriter;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
    this.#writer = new AuditWriter(db);
  }

  /**
   * Records that an act is about to be executed. A second call with the same id replaces the first record.
   * Resolves when it is on disk.
   */
  async intend(intent: AuditIntent): Promise<void> {
    await this.#writer.write({ kind: 'intend', intent });
  }

  /** Adds an entry; with `closes`, in place of the intent with this id. Resolves when it is on disk. */
  async append(facts: AuditFacts, { closes }: { readonly closes?: string | undefined } = {}): Promise<AuditRow> {
    const row = await this.#writer.write({ kind: 'append', facts, ...(closes === undefined ? {} : { closes }) });
    if (row === undefined) throw new Error('the audit entry was not added');
    return row;
  }

  /** Removes an intent without an entry. */
  async forget(id: string): Promise<void> {
    await this.#writer.write({ kind: 'forget', id });
  }

  /** Extends the time after which others may close a writer's open intents. */
  async renew(writer: string, expiresMs: number): Promise<void> {
    await this.#db.updateTable('audit_intents').set({ expires_ms: expiresMs }).where('writer', '=', writer).execute();
  }

  /**
   * Closes intents that their writer will never close: those of a writer that restarted, and expired ones. Each becomes
   * an entry with its own time and this result, or the result that it already has. Resolves to their number.
   */
  async closeIntents(which: { writer: string } | { expiredBeforeMs: number }, result?: string): Promise<number> {
    const select = this.#db.selectFrom('audit_intents').selectAll();
    const open = await ('writer' in which
      ? select.where('writer', '=', which.writer)
      : select.where('expires_ms', '<', which.expiredBeforeMs)
    ).execute();
    const facts = open.map((row) => ({ id: row.id, facts: JSON.parse(row.facts) as AuditFacts }));
    facts.sort((one, other) => one.facts.time_ms - other.facts.time_ms);
    const closed = await Promise.all(
      facts.map(({ id, facts }) =>
        this.#writer.write({
          kind: 'append',
          facts: { ...facts, result: result ?? facts.result },
          closes: id,
          onlyIfOpen: true,
        }),
      ),
    );
    return closed.filter((row) => row !== undefined).length;
  }

  /** The future entries of a writer's open intents, newest first. */
  async listIntents(writer: string): Promise<AuditFacts[]> {
    const rows = await this.#db
      .selectFrom('audit_intents')
      .select(['id', 'facts'])
      .where('writer', '=', writer)
      .orderBy('id')
      .execute();
    return rows.map(({ facts }) => JSON.parse(facts) as AuditFacts).sort((one, other) => other.time_ms - one.time_ms);
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

/** Escapes "%" and "_", which a user means literally. */
function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, (character) => `\\${character}`);
}
