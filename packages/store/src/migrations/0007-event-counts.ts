import type { Kysely } from 'kysely';

/** An event that repeats is one row with how often, and when it was first. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('events')
    .addColumn('count', 'integer', (column) => column.notNull().defaultTo(1))
    .execute();
  await db.schema.alterTable('events').addColumn('first_ms', 'bigint').execute();
}
