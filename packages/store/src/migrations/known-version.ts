import { OperationError } from '@innkeeper/contract';
import type { Kysely } from 'kysely';
import type { Schema } from '../schema.ts';
import { migrationProvider } from './index.ts';

/** Kysely's own table; a type alias, which unlike an interface is a record. */
type MigrationTables = { kysely_migration: { name: string; timestamp: string } };

/** The steps that made up the initial schema before the first release; a database with all of them has that schema. */
const stepsOfInitial = [
  ...['0001-first', '0002-history', '0003-access', '0004-runs', '0005-autostart', '0006-facts-and-intents'],
  '0007-event-counts',
];

/**
 * Rejects a database whose schema this version cannot migrate: one of a newer version, or of an early build with only
 * some of the steps of the initial schema. One with all of them is recorded as having the initial schema. Fails with
 * DATABASE_VERSION_UNKNOWN without having changed anything.
 */
export async function assertKnownVersion(store: Kysely<Schema>): Promise<void> {
  const db = store.withTables<MigrationTables>();
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === 'kysely_migration')) return;
  const taken = (await db.selectFrom('kysely_migration').select('name').execute()).map(({ name }) => name);
  const known = Object.keys(await migrationProvider.getMigrations());
  const steps = taken.filter((name) => stepsOfInitial.includes(name));
  const foreign = taken.filter((name) => !known.includes(name) && !stepsOfInitial.includes(name));
  if (foreign.length > 0)
    throw unknown(
      `The database was written by another version of Innkeeper: it has the migrations "${foreign.join('", "')}".`,
    );
  if (steps.length === 0) return;
  if (steps.length < stepsOfInitial.length)
    throw unknown(`The database was written by an early build of Innkeeper, up to "${steps.at(-1)}".`);
  // Two daemons on one server may get here at the same time; then the second one finds no row to delete.
  await db.transaction().execute(async (transaction) => {
    const { numDeletedRows } = await transaction
      .deleteFrom('kysely_migration')
      .where('name', 'in', stepsOfInitial)
      .executeTakeFirst();
    if (numDeletedRows === 0n) return;
    const row = { name: known[0] ?? '', timestamp: new Date().toISOString() };
    await transaction.insertInto('kysely_migration').values(row).execute();
  });
}

function unknown(message: string): OperationError {
  return new OperationError('DATABASE_VERSION_UNKNOWN', `${message} Nothing was changed.`);
}
