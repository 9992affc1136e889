import type { Kysely } from 'kysely';

/** Adds the owning node's id to tables (empty: no node has taken the row over yet), and terminals, formerly in a file. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ['vms', 'images', 'operations', 'runs', 'events'])
    await db.schema
      .alterTable(table)
      .addColumn('node_id', 'text', (column) => column.notNull().defaultTo(''))
      .execute();
  await db.schema
    .createTable('terminals')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('node_id', 'text', (column) => column.notNull())
    .addColumn('vm_id', 'text', (column) => column.notNull())
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('guest_user', 'text', (column) => column.notNull())
    .addColumn('argv', 'text', (column) => column.notNull())
    .addColumn('columns', 'integer', (column) => column.notNull())
    .addColumn('rows', 'integer', (column) => column.notNull())
    .addColumn('created_ms', 'bigint', (column) => column.notNull())
    .addColumn('created_by', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('terminals_by_node').on('terminals').column('node_id').execute();
}
