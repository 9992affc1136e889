import { type Kysely, sql } from 'kysely';
import { countingKey } from './counting-key.ts';

/** The schema of the first release. Kysely's types describe the newest schema, so migrations are untyped. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await facts(db);
  await imagesAndVms(db);
  await whatHappened(db);
  await runs(db);
  await access(db);
  await audit(db);
}

/** Facts about the database itself. */
async function facts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('facts')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .execute();
}

async function imagesAndVms(db: Kysely<unknown>): Promise<void> {
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
    .addColumn('autostart', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('stopped_boot_id', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
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

/** Operations and events outlive their VMs, so their VM ids are not foreign keys. */
async function whatHappened(db: Kysely<unknown>): Promise<void> {
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
    .addColumn('count', 'integer', (column) => column.notNull().defaultTo(1))
    .addColumn('first_ms', 'bigint')
    .execute();
  await db.schema.createIndex('events_by_vm').on('events').columns(['vm_id', 'id']).execute();
}

/** Commands and scripts that were run, with their output. Runs outlive their VMs. */
async function runs(db: Kysely<unknown>): Promise<void> {
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

/** Users, their privileges and their logins. */
async function access(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('users')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('created_ms', 'bigint', (column) => column.notNull())
    .addColumn('last_login_ms', 'bigint')
    .addColumn('disabled', 'integer', (column) => column.notNull())
    .addColumn('password', 'text')
    .execute();
  await db.schema
    .createTable('roles')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('description', 'text', (column) => column.notNull())
    .addColumn('privileges', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('role_bindings')
    .addColumn('user_name', 'text', (column) => column.notNull().references('users.name').onDelete('cascade'))
    .addColumn('role', 'text', (column) => column.notNull())
    .addColumn('scope', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('role_bindings_key', ['user_name', 'role', 'scope'])
    .execute();
  await db.schema
    .createTable('tokens')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('user_name', 'text', (column) => column.notNull().references('users.name').onDelete('cascade'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('privileges', 'text', (column) => column.notNull())
    .addColumn('scope', 'text', (column) => column.notNull())
    .addColumn('allowed_commands', 'text', (column) => column.notNull())
    .addColumn('created_ms', 'bigint', (column) => column.notNull())
    .addColumn('expires_ms', 'bigint', (column) => column.notNull())
    .addColumn('last_used_ms', 'bigint')
    .execute();
  await db.schema.createIndex('tokens_by_user').on('tokens').column('user_name').execute();
  await db.schema
    .createTable('sessions')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('user_name', 'text', (column) => column.notNull().references('users.name').onDelete('cascade'))
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('user_agent', 'text', (column) => column.notNull())
    .addColumn('created_ms', 'bigint', (column) => column.notNull())
    .addColumn('last_seen_ms', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('sessions_by_user').on('sessions').column('user_name').execute();
  await db.schema
    .createTable('login_links')
    .addColumn('hash', 'text', (column) => column.primaryKey())
    .addColumn('user_name', 'text', (column) => column.notNull().references('users.name').onDelete('cascade'))
    .addColumn('expires_ms', 'bigint', (column) => column.notNull())
    .execute();
}

/** The audit, and acts that were begun and are not in the audit yet. */
async function audit(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('audit')
    .addColumn('id', 'bigint', (column) => column.primaryKey())
    .addColumn('time_ms', 'bigint', (column) => column.notNull())
    .addColumn('user_name', 'text', (column) => column.notNull())
    .addColumn('via', 'text', (column) => column.notNull())
    .addColumn('address', 'text', (column) => column.notNull())
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('vm_id', 'text', (column) => column.notNull())
    .addColumn('vm_name', 'text', (column) => column.notNull())
    .addColumn('parameters', 'text', (column) => column.notNull())
    .addColumn('result', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('audit_by_vm').on('audit').columns(['vm_id', 'id']).execute();
  await db.schema.createIndex('audit_by_user').on('audit').columns(['user_name', 'id']).execute();
  await db.schema
    .createTable('audit_intents')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('writer', 'text', (column) => column.notNull())
    .addColumn('expires_ms', 'bigint', (column) => column.notNull())
    .addColumn('facts', 'text', (column) => column.notNull())
    .execute();
}
