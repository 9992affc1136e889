import { isPostgresAddress } from '@innkeeper/store';

/** The database that a node and its control planes share. Throws an Error for the user if it is missing. */
export function requiredDatabase(environment: NodeJS.ProcessEnv): string {
  const address = optionalDatabase(environment) ?? '';
  if (isPostgresAddress(address)) return address;
  throw new Error(
    'DATABASE_URL is missing: a node and its control planes share one PostgreSQL database, postgres://….',
  );
}

/**
 * The database in DATABASE_URL: a PostgreSQL address, or the path of an SQLite file. Undefined when it is unset or empty.
 * Throws an Error for the user for another kind of database, whose address would else be taken for a path.
 */
export function optionalDatabase(environment: NodeJS.ProcessEnv): string | undefined {
  const address = environment['DATABASE_URL'] ?? '';
  const [scheme] = /^[a-z][a-z0-9+.-]*(?=:\/\/)/i.exec(address) ?? [];
  if (scheme !== undefined && !isPostgresAddress(address))
    throw new Error(
      `DATABASE_URL names a "${scheme}" database. Use postgres://…, or unset it to use the data folder's own SQLite file.`,
    );
  return address === '' ? undefined : address;
}
