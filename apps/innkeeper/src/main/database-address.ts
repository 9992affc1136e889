import { isPostgresAddress } from '@innkeeper/store';

/** The database that a node and its control planes share. Throws in plain words when there is none. */
export function requiredDatabase(environment: NodeJS.ProcessEnv): string {
  const address = environment['DATABASE_URL'] ?? '';
  if (isPostgresAddress(address)) return address;
  throw new Error(
    'DATABASE_URL is missing: a node and its control planes share one PostgreSQL database, postgres://….',
  );
}
