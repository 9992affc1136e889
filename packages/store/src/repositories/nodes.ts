import type { Kysely, Selectable } from 'kysely';
import type { NodeTable, Schema } from '../schema.ts';

export type NodeRow = Selectable<NodeTable>;

/** Tables whose rows belong to a node. */
const owned = ['vms', 'images', 'operations', 'runs', 'events', 'terminals'] as const;

/** The known nodes, and the ownership of rows by nodes. */
export class NodeRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Lists all nodes by name. */
  list(): Promise<NodeRow[]> {
    return this.#db.selectFrom('nodes').selectAll().orderBy('name').orderBy('id').execute();
  }

  /** Inserts or replaces a node's row. */
  async save(row: NodeRow): Promise<void> {
    const { id, ...change } = row;
    await this.#db
      .insertInto('nodes')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doUpdateSet(change))
      .execute();
  }

  /** Assigns a node the rows without a node and those of its former id, if any: all or none. */
  async takeOver(nodeId: string, formerId = ''): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      for (const table of owned)
        await transaction.updateTable(table).set({ node_id: nodeId }).where('node_id', 'in', ['', formerId]).execute();
      if (formerId !== nodeId) await transaction.deleteFrom('nodes').where('id', '=', formerId).execute();
    });
  }
}
