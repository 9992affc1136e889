import { type Kysely, sql } from 'kysely';
import { countingKey } from './counting-key.ts';

/** Kysely's types describe the newest schema, so a migration knows none. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('images')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('format', 'text', (column) => column.notNull())
    .addColumn('path', 'text', (column) => column.notNull())
    .addColumn('virtual_bytes', 'bigint', (column) => column.notNull())
    .addColumn('sha256', 'text', (column) => column.notNull())
    .addColumn('added_ms', 'bigint', (column) => column.notNull())
    .addColumn('kernel', 'text')
    .addColumn('base', 'text')
    .execute();
  await db.schema
    .createTable('vms')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('name', 'text', (column) => column.notNull().unique())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('state_detail', 'text', (column) => column.notNull())
    .addColumn('image', 'text', (column) => column.notNull().references('images.name'))
    .addColumn('cpus', 'integer', (column) => column.notNull())
    .addColumn('memory_bytes', 'bigint', (column) => column.notNull())
    .addColumn('disk_bytes', 'bigint', (column) => column.notNull())
    .addColumn('mac_address', 'text', (column) => column.notNull())
    .addColumn('tags', 'text', (column) => column.notNull())
    .addColumn('driver', 'text', (column) => column.notNull())
    .addColumn('record', 'text')
    .addColumn('agent', 'text', (column) => column.notNull())
    .addColumn('base_path', 'text', (column) => column.notNull())
    .addColumn('created_ms', 'bigint', (column) => column.notNull())
    .addColumn('started_ms', 'bigint')
    .execute();
  await db.schema
    .createTable('operations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('target', 'text', (column) => column.notNull())
    .addColumn('vm_id', 'text', (column) => column.notNull())
    .addColumn('stage', 'text', (column) => column.notNull())
    .addColumn('progress', 'double precision')
    .addColumn('log', 'text', (column) => column.notNull())
    .addColumn('error', 'text')
    .addColumn('started_ms', 'bigint', (column) => column.notNull())
    .addColumn('ended_ms', 'bigint')
    .execute();
  await db.schema.createIndex('operations_by_start').on('operations').column('started_ms').execute();
  await db.schema
    .createTable('events')
    .addColumn('id', countingKey(db), (column) => column.primaryKey())
    .addColumn('time_ms', 'bigint', (column) => column.notNull())
    .addColumn('vm_id', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('message', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('events_by_vm').on('events').columns(['vm_id', 'id']).execute();
  await db.schema
    .createTable('samples')
    .addColumn('vm_id', 'text', (column) => column.notNull().references('vms.id').onDelete('cascade'))
    .addColumn('time_ms', 'bigint', (column) => column.notNull())
    .addColumn('data', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('samples_by_vm').on('samples').columns(['vm_id', 'time_ms']).execute();
  await sql`create index samples_by_time on samples (time_ms)`.execute(db);
}
