import { OperationError } from '@innkeeper/contract';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import type pg from 'pg';

/** How Node and PostgreSQL say that a server is not there, is going, or not there yet. */
const awayCodes = /^(E[A-Z_]+|08...|57P0[1-5])$/;
/** Errors of the pg package that have no code. */
const awayMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection)/;

/** The pool, whose connections and queries fail with DATABASE_UNREACHABLE when the server does not answer. */
export function reachablePool(pool: pg.Pool): PostgresPool {
  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    options: pool.options,
    connect: async () => {
      const client = await told(pool.connect());
      const known = wrapped.get(client) ?? wrap(client);
      wrapped.set(client, known);
      return known;
    },
    end: () => pool.end(),
  };
}

function wrap(client: pg.PoolClient): PostgresPoolClient {
  const query = (sql: string, parameters: readonly unknown[]): Promise<unknown> =>
    told(client.query(sql, [...parameters]));
  return { query: query as PostgresPoolClient['query'], release: (destroy) => client.release(destroy) };
}

async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (isFull(error)) {
      throw new OperationError('HOST_DISK_FULL', 'The disk of the database server is full.', {
        cause: error,
        nextStep: 'Free space on the server that DATABASE_URL names, then ask again.',
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
  // A name with several addresses fails with all their errors at once.
  if (error instanceof AggregateError) return error.errors.some(isAway);
  return ('code' in error && awayCodes.test(String(error.code))) || awayMessages.test(error.message);
}
