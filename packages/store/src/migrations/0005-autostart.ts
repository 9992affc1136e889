import type { Kysely } from 'kysely';

/** Which VMs start with the daemon, and which of them somebody stopped, in which boot of the host. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('vms')
    .addColumn('autostart', 'integer', (column) => column.notNull().defaultTo(0))
    .execute();
  await db.schema
    .alterTable('vms')
    .addColumn('stopped_boot_id', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
}
