import { type Kysely, PostgresAdapter, sql } from 'kysely';
import type { Schema } from '../schema.ts';

/** The steps that made up the initial schema before the first release. */
export const oldSteps = [
  ...['0001-first', '0002-history', '0003-access', '0004-runs', '0005-autostart', '0006-facts-and-intents'],
  '0007-event-counts',
];

/** The tables as those steps created them, except for `events`, whose key differs by database. */
const tables = `
create table "kysely_migration" ("name" varchar(255) not null primary key, "timestamp" varchar(255) not null);
create table "kysely_migration_lock" ("id" varchar(255) not null primary key, "is_locked" integer default 0 not null);
create table "images" ("name" text primary key, "format" text not null, "path" text not null, "virtual_bytes" bigint not null, "sha256" text not null, "added_ms" bigint not null, "kernel" text, "base" text);
create table "vms" ("id" text primary key, "name" text not null unique, "state" text not null, "state_detail" text not null, "image" text not null references "images" ("name"), "cpus" integer not null, "memory_bytes" bigint not null, "disk_bytes" bigint not null, "mac_address" text not null, "tags" text not null, "driver" text not null, "record" text, "agent" text not null, "base_path" text not null, "created_ms" bigint not null, "started_ms" bigint, "autostart" integer default 0 not null, "stopped_boot_id" text default '' not null);
create table "operations" ("id" text primary key, "kind" text not null, "state" text not null, "target" text not null, "vm_id" text not null, "stage" text not null, "progress" double precision, "log" text not null, "error" text, "started_ms" bigint not null, "ended_ms" bigint);
create index "operations_by_start" on "operations" ("started_ms");
create index "events_by_vm" on "events" ("vm_id", "id");
create table "history_blocks" ("vm_id" text not null references "vms" ("id") on delete cascade, "step_ms" integer not null, "start_ms" bigint not null, "data" bytea not null, constraint "history_blocks_key" primary key ("vm_id", "step_ms", "start_ms"));
create index "history_blocks_by_time" on "history_blocks" ("step_ms", "start_ms");
create table "users" ("name" text primary key, "created_ms" bigint not null, "last_login_ms" bigint, "disabled" integer not null, "password" text);
create table "roles" ("name" text primary key, "description" text not null, "privileges" text not null);
create table "role_bindings" ("user_name" text not null references "users" ("name") on delete cascade, "role" text not null, "scope" text not null, constraint "role_bindings_key" primary key ("user_name", "role", "scope"));
create table "tokens" ("id" text primary key, "hash" text not null unique, "user_name" text not null references "users" ("name") on delete cascade, "name" text not null, "privileges" text not null, "scope" text not null, "allowed_commands" text not null, "created_ms" bigint not null, "expires_ms" bigint not null, "last_used_ms" bigint);
create index "tokens_by_user" on "tokens" ("user_name");
create table "sessions" ("id" text primary key, "hash" text not null unique, "user_name" text not null references "users" ("name") on delete cascade, "address" text not null, "user_agent" text not null, "created_ms" bigint not null, "last_seen_ms" bigint not null);
create index "sessions_by_user" on "sessions" ("user_name");
create table "login_links" ("hash" text primary key, "user_name" text not null references "users" ("name") on delete cascade, "expires_ms" bigint not null);
create table "audit" ("id" bigint primary key, "time_ms" bigint not null, "user_name" text not null, "via" text not null, "address" text not null, "action" text not null, "vm_id" text not null, "vm_name" text not null, "parameters" text not null, "result" text not null, "hash" text not null);
create index "audit_by_vm" on "audit" ("vm_id", "id");
create index "audit_by_user" on "audit" ("user_name", "id");
create table "runs" ("id" text primary key, "user_name" text not null, "title" text not null, "spec" text not null, "state" text not null, "started_ms" bigint not null, "ended_ms" bigint);
create index "runs_by_start" on "runs" ("started_ms", "id");
create table "run_targets" ("run_id" text not null references "runs" ("id") on delete cascade, "vm_id" text not null, "vm_name" text not null, "state" text not null, "exited" text, "error" text, "kept_bytes" bigint not null, "next_offset" bigint not null, "started_ms" bigint, "ended_ms" bigint, constraint "run_targets_key" primary key ("run_id", "vm_id"));
create index "run_targets_by_vm" on "run_targets" ("vm_id");
create table "run_outputs" ("run_id" text not null references "runs" ("id") on delete cascade, "vm_id" text not null, "start_offset" bigint not null, "stream" integer not null, "time_ms" bigint not null, "data" bytea not null, constraint "run_outputs_key" primary key ("run_id", "vm_id", "start_offset"));
create table "facts" ("name" text primary key, "value" text not null);
create table "audit_intents" ("id" text primary key, "writer" text not null, "expires_ms" bigint not null, "facts" text not null);
insert into "kysely_migration_lock" ("id", "is_locked") values ('migration_lock', 0);`;

/** Creates the tables of a database from before the squash, with these steps recorded as applied. */
export async function makeBeforeSquash(db: Kysely<Schema>, steps: readonly string[]): Promise<void> {
  const isPostgres = db.getExecutor().adapter instanceof PostgresAdapter;
  const key = isPostgres ? 'bigint generated by default as identity primary key' : 'integer primary key';
  const events = `create table "events" ("id" ${key}, "time_ms" bigint not null, "vm_id" text not null, "kind" text not null, "message" text not null, "count" integer default 1 not null, "first_ms" bigint)`;
  const notes = steps.map((step) => `insert into "kysely_migration" values ('${step}', '2026-11-30T03:42:29.058Z')`);
  for (const statement of [events, ...tables.split(';\n'), ...notes])
    await sql.raw(statement.replace(/;\s*$/, '')).execute(db);
}
