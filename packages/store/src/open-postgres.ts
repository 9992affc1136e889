import { PostgresDialect } from 'kysely';
import pg from 'pg';
import { reachablePool } from './reachable-pool.ts';

/** Connections of one daemon. */
const maxConnections = 10;
const connectTimeoutMs = 10_000;
/** OID of int8 (pg_type). */
const int8 = 20;

/**
 * Kysely's dialect for a PostgreSQL server, by its address: postgres://user:password@host/database, or with
 * `?host=/folder` for a unix socket. Connections that break are made anew by the next query; the one that they broke under
 * fails with DATABASE_UNREACHABLE.
 */
export function postgresDialect(address: string, onIdleError: (error: Error) => void): PostgresDialect {
  const pool = new pg.Pool({
    connectionString: address,
    max: maxConnections,
    connectionTimeoutMillis: connectTimeoutMs,
    application_name: 'innkeeper',
    // Sizes and times lie below 2^53.
    types: {
      getTypeParser: (oid, format) => (oid === int8 ? Number : pg.types.getTypeParser(oid, format)),
    },
  });
  // A server that goes away closes connections that nobody uses: that is no query's failure.
  pool.on('error', onIdleError);
  return new PostgresDialect({ pool: reachablePool(pool) });
}

/** Whether this names a server and not a file. */
export function isPostgresAddress(address: string): boolean {
  return /^postgres(ql)?:\/\//.test(address);
}
