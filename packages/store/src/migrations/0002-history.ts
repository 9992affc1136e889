import { type Kysely, sql } from 'kysely';

/** Samples of one form become blocks of many. What was kept was of the last 24 hours only. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.dropTable('samples').execute();
  await db.schema
    .createTable('history_blocks')
    .addColumn('vm_id', 'text', (column) => column.notNull().references('vms.id').onDelete('cascade'))
    .addColumn('step_ms', 'integer', (column) => column.notNull())
    .addColumn('start_ms', 'bigint', (column) => column.notNull())
    // SQLite keeps bytes in a column of any type.
    .addColumn('data', sql`bytea`, (column) => column.notNull())
    .addPrimaryKeyConstraint('history_blocks_key', ['vm_id', 'step_ms', 'start_ms'])
    .execute();
  await db.schema.createIndex('history_blocks_by_time').on('history_blocks').columns(['step_ms', 'start_ms']).execute();
}
