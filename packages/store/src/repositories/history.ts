import type { Kysely, Selectable } from 'kysely';
import type { HistoryBlockTable, Schema } from '../schema.ts';

export type HistoryBlockRow = Selectable<HistoryBlockTable>;

/** Blocks of packed telemetry; their content is opaque here. */
export class HistoryRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Writes blocks, replacing existing ones, all or none. */
  async upsert(rows: readonly HistoryBlockRow[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#db
      .insertInto('history_blocks')
      .values(rows)
      .onConflict((conflict) =>
        conflict
          .columns(['vm_id', 'step_ms', 'start_ms'])
          .doUpdateSet((excluded) => ({ data: excluded.ref('excluded.data') })),
      )
      .execute();
  }

  find(vmId: string, stepMs: number, startMs: number): Promise<HistoryBlockRow | undefined> {
    return this.#db
      .selectFrom('history_blocks')
      .selectAll()
      .where('vm_id', '=', vmId)
      .where('step_ms', '=', stepMs)
      .where('start_ms', '=', startMs)
      .executeTakeFirst();
  }

  /** Blocks of one resolution that begin in a period, oldest first. */
  list(vmId: string, stepMs: number, fromMs: number, toMs: number): Promise<HistoryBlockRow[]> {
    return this.#db
      .selectFrom('history_blocks')
      .selectAll()
      .where('vm_id', '=', vmId)
      .where('step_ms', '=', stepMs)
      .where('start_ms', '>=', fromMs)
      .where('start_ms', '<=', toMs)
      .orderBy('start_ms')
      .execute();
  }

  /** Deletes blocks of one resolution that begin before `beforeMs`. */
  async prune(stepMs: number, beforeMs: number): Promise<void> {
    await this.#db
      .deleteFrom('history_blocks')
      .where('step_ms', '=', stepMs)
      .where('start_ms', '<', beforeMs)
      .execute();
  }
}
