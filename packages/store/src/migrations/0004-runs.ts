import { type Kysely, sql } from 'kysely';

/** Commands and scripts that were run, with their output. A run outlives its VMs, so it names them and points to none. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('runs')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('user_name', 'text', (column) => column.notNull())
    .addColumn('title', 'text', (column) => column.notNull())
    .addColumn('spec', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('started_ms', 'bigint', (column) => column.notNull())
    .addColumn('ended_ms', 'bigint')
    .execute();
  await db.schema.createIndex('runs_by_start').on('runs').columns(['started_ms', 'id']).execute();
  await db.schema
    .createTable('run_targets')
    .addColumn('run_id', 'text', (column) => column.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('vm_id', 'text', (column) => column.notNull())
    .addColumn('vm_name', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('exited', 'text')
    .addColumn('error', 'text')
    .addColumn('kept_bytes', 'bigint', (column) => column.notNull())
    .addColumn('next_offset', 'bigint', (column) => column.notNull())
    .addColumn('started_ms', 'bigint')
    .addColumn('ended_ms', 'bigint')
    .addPrimaryKeyConstraint('run_targets_key', ['run_id', 'vm_id'])
    .execute();
  await db.schema.createIndex('run_targets_by_vm').on('run_targets').column('vm_id').execute();
  await db.schema
    .createTable('run_outputs')
    .addColumn('run_id', 'text', (column) => column.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('vm_id', 'text', (column) => column.notNull())
    .addColumn('start_offset', 'bigint', (column) => column.notNull())
    .addColumn('stream', 'integer', (column) => column.notNull())
    .addColumn('time_ms', 'bigint', (column) => column.notNull())
    .addColumn('data', sql`bytea`, (column) => column.notNull())
    .addPrimaryKeyConstraint('run_outputs_key', ['run_id', 'vm_id', 'start_offset'])
    .execute();
}
