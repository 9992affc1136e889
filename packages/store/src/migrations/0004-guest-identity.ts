import type { Kysely } from 'kysely';

/** What a guest takes over from its VM: its host name, unless it says otherwise. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('vms')
    .addColumn('identity', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
}
