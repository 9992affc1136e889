import type { Kysely, Selectable } from 'kysely';
import type { Schema, TerminalTable } from '../schema.ts';

export type TerminalRow = Selectable<TerminalTable>;

/** The terminals that run in guests. */
export class TerminalRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Terminals of a node, oldest first. */
  list(nodeId: string): Promise<TerminalRow[]> {
    return this.#db
      .selectFrom('terminals')
      .selectAll()
      .where('node_id', '=', nodeId)
      .orderBy('created_ms')
      .orderBy('id')
      .execute();
  }

  /** Replaces the terminals of a node; if it fails, the previous ones are kept. */
  async replace(nodeId: string, rows: readonly Omit<TerminalRow, 'node_id'>[]): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('terminals').where('node_id', '=', nodeId).execute();
      if (rows.length === 0) return;
      const values = rows.map((row) => ({ ...row, node_id: nodeId }));
      await transaction.insertInto('terminals').values(values).execute();
    });
  }
}
