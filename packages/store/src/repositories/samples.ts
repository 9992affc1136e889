import type { Kysely, Selectable } from 'kysely';
import type { SampleTable, Schema } from '../schema.ts';

export type SampleRow = Selectable<SampleTable>;

export const sampleRetentionMs = 24 * 60 * 60 * 1000;

/** Telemetry of the last 24 hours. What a sample holds is the caller's business. */
export class SampleRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  async insert(row: SampleRow): Promise<void> {
    await this.#db.insertInto('samples').values(row).execute();
  }

  /** Oldest first; 17,280 at most, which is 24 hours of one every 5 s. */
  list(vmId: string, sinceMs: number): Promise<SampleRow[]> {
    return this.#db
      .selectFrom('samples')
      .selectAll()
      .where('vm_id', '=', vmId)
      .where('time_ms', '>=', sinceMs)
      .orderBy('time_ms')
      .limit(sampleRetentionMs / 5000)
      .execute();
  }

  async prune(nowMs: number): Promise<void> {
    await this.#db
      .deleteFrom('samples')
      .where('time_ms', '<', nowMs - sampleRetentionMs)
      .execute();
  }
}
