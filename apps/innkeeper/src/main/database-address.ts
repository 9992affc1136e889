import { isPostgresAddress } from '@innkeeper/store';

/** The database that a node and its control planes share. Throws an Error for the user if it is missing. */
export function requiredDatabase(environment: NodeJS.ProcessEnv): string {
  const address = environment['DATABASE_URL'] ?? '';
  if (isPostgresAddress(address)) return address;
  throw new Error(
    'DATABASE_URL is missing: a node and its control planes share one PostgreSQL database, postgres://….',
  );
}
