import { PostgresDialect } from 'kysely';
import pg from 'pg';
import { reachablePool } from './reachable-pool.ts';

/** Maximum connections of one daemon. */
const maxConnections = 10;
const connectTimeoutMs = 10_000;
/** OID of int8 (pg_type). */
const int8 = 20;

/**
 * Kysely's dialect for a PostgreSQL server, by its address: postgres://user:password@host/database, or with
 * `?host=/folder` for a unix socket. A broken connection fails its query with DATABASE_UNREACHABLE;
 * the next query connects again.
 */
export function postgresDialect(address: string, onIdleError: (error: Error) => void): PostgresDialect {
  const pool = new pg.Pool({
    connectionString: address,
    max: maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: 'innkeeper',
    // Sizes and times are below 2^53.
    types: {
      getTypeParser: (oid, format) => (oid === int8 ? Number : pg.types.getTypeParser(oid, format)),
    },
  });
  // A server that shuts down closes idle connections, which fails no query.
  pool.on('error', onIdleError);
  return new PostgresDialect({ pool: reachablePool(pool) });
}

/** Whether this is the address of a PostgreSQL server, as opposed to a file. */
export function isPostgresAddress(address: string): boolean {
  return /^postgres(ql)?:\/\//.test(address);
}
