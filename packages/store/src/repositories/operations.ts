import { reasons } from '@innkeeper/contract';
import type { Kysely, Selectable } from 'kysely';
import type { OperationTable, Schema } from '../schema.ts';

export type OperationRow = Selectable<OperationTable>;

/** How long operations are kept after their end. */
const operationRetentionMs = 7 * 24 * 60 * 60 * 1000;

/** Operations and their results. */
export class OperationRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /**
   * Newest first; of all nodes when `nodeId` is undefined. `before`: only those that began before this one, which may have
   * been removed since.
   */
  list(limit: number, before?: Pick<OperationRow, 'started_ms' | 'id'>, nodeId?: string): Promise<OperationRow[]> {
    let query = this.#db.selectFrom('operations').selectAll();
    if (nodeId !== undefined) query = query.where('node_id', '=', nodeId);
    if (before !== undefined) {
      const { started_ms, id } = before;
      query = query.where(({ or, and, eb }) =>
        or([eb('started_ms', '<', started_ms), and([eb('started_ms', '=', started_ms), eb('id', '<', id)])]),
      );
    }
    return query.orderBy('started_ms', 'desc').orderBy('id', 'desc').limit(limit).execute();
  }

  find(id: string): Promise<OperationRow | undefined> {
    return this.#db.selectFrom('operations').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** Inserts or replaces an operation. */
  async save(row: OperationRow): Promise<void> {
    const { id, ...change } = row;
    await this.#db
      .insertInto('operations')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doUpdateSet(change))
      .execute();
  }

  /** After a start: marks running ones as failed with OPERATION_INTERRUPTED. Resolves to their number. */
  async interruptRunning(nowMs: number): Promise<number> {
    const { code, when, next } = reasons.OPERATION_INTERRUPTED;
    const error = JSON.stringify({ code, reason: 'OPERATION_INTERRUPTED', message: when, nextStep: next });
    const result = await this.#db
      .updateTable('operations')
      .set({ state: 'failed', error, ended_ms: nowMs })
      .where('state', '=', 'running')
      .executeTakeFirst();
    return Number(result.numUpdatedRows);
  }

  async prune(nowMs: number): Promise<void> {
    await this.#db
      .deleteFrom('operations')
      .where('ended_ms', '<', nowMs - operationRetentionMs)
      .execute();
  }
}
