import type { Kysely } from 'kysely';
import type { Schema } from '../schema.ts';

/** Tables whose rows belong to a node. */
const owned = ['vms', 'images', 'operations', 'runs', 'events', 'terminals'] as const;

/** Ownership of rows by nodes. */
export class NodeRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Assigns a node the rows without a node and those of its former id, if any: all or none. */
  async takeOver(nodeId: string, formerId = ''): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      for (const table of owned)
        await transaction.updateTable(table).set({ node_id: nodeId }).where('node_id', 'in', ['', formerId]).execute();
    });
  }
}
