import { OperationError } from '@innkeeper/contract';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import type pg from 'pg';

/** Error codes of Node and PostgreSQL for a server that is down, shutting down or starting up. */
const awayCodes = /^(E[A-Z_]+|08...|57P0[1-5])$/;
/** Messages of the pg package's errors that have no code. */
const awayMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection)/;

/** Wraps a pool so that connecting and querying fail with DATABASE_UNREACHABLE when the server does not answer. */
export function reachablePool(pool: pg.Pool): PostgresPool {
  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    options: pool.options,
    connect: async () => {
      const client = await withReason(pool.connect());
      const known = wrapped.get(client) ?? wrap(client);
      wrapped.set(client, known);
      return known;
    },
    end: () => pool.end(),
  };
}

function wrap(client: pg.PoolClient): PostgresPoolClient {
  const query = (sql: string, parameters: readonly unknown[]): Promise<unknown> =>
    withReason(client.query(sql, [...parameters]));
  return { query: query as PostgresPoolClient['query'], release: (destroy) => client.release(destroy) };
}

async function withReason<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isFull(error)) {
      throw new OperationError('HOST_DISK_FULL', 'The disk of the database server is full.', {
        cause: error,
        nextStep: 'Free space on the server that DATABASE_URL names, then try again.',
      });
    }
    if (!isAway(error)) throw error;
    throw new OperationError('DATABASE_UNREACHABLE', 'The database does not answer.', { cause: error });
  }
}

/** disk_full of PostgreSQL. */
function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '53100';
}

function isAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // Connecting to a name with several addresses fails with an AggregateError of all of them.
  if (error instanceof AggregateError) return error.errors.some(isAway);
  return ('code' in error && awayCodes.test(String(error.code))) || awayMessages.test(error.message);
}
