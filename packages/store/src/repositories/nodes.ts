import type { Kysely } from 'kysely';
import type { Schema } from '../schema.ts';

/** Tables whose rows belong to a node. */
const owned = ['vms', 'images', 'operations', 'runs', 'events', 'terminals'] as const;

/** Which rows belong to which node. */
export class NodeRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Gives a node the rows that belong to no node yet, and those of the id that it had before, if any: all or none. */
  async takeOver(nodeId: string, formerId = ''): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      for (const table of owned)
        await transaction.updateTable(table).set({ node_id: nodeId }).where('node_id', 'in', ['', formerId]).execute();
    });
  }
}
