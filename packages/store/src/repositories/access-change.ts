import type { Kysely, Transaction } from 'kysely';
import type { Schema } from '../schema.ts';
import type { RoleBindingRow, RoleRow, UserRow } from './access-rows.ts';

/** Everything that determines users' privileges. */
export interface AccessState {
  readonly users: readonly UserRow[];
  readonly bindings: readonly RoleBindingRow[];
  readonly roles: readonly RoleRow[];
}

/** Of conflicting changes one succeeds at each attempt, and few are made at the same time. */
const maxTries = 50;

/** Throws when a change from one state to the other is not allowed. */
export type AccessCheck = (before: AccessState, after: AccessState) => void;

/**
 * Runs `work`, then `check` with the state before and after it, in one serializable transaction, so that of two users who
 * disable each other at the same time only one succeeds. When either throws, nothing has changed. Both may run several
 * times, since they are retried when another control plane made a conflicting change.
 */
export async function changeAccess<T>(
  db: Kysely<Schema>,
  check: AccessCheck,
  work: (transaction: Transaction<Schema>) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await changeOnce(db, check, work);
    } catch (error) {
      if (!isConflict(error) || tries === maxTries) throw error;
    }
  }
}

async function changeOnce<T>(
  db: Kysely<Schema>,
  check: AccessCheck,
  work: (transaction: Transaction<Schema>) => Promise<T>,
): Promise<T> {
  return await db
    .transaction()
    .setIsolationLevel('serializable')
    .execute(async (transaction) => {
      const before = await readState(transaction);
      const result = await work(transaction);
      check(before, await readState(transaction));
      return result;
    });
}

/** serialization_failure and deadlock_detected of PostgreSQL: a conflicting change won, and this one had no effect. */
function isConflict(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === '40001' || error.code === '40P01');
}

async function readState(transaction: Transaction<Schema>): Promise<AccessState> {
  return {
    users: await transaction.selectFrom('users').selectAll().execute(),
    bindings: await transaction.selectFrom('role_bindings').selectAll().execute(),
    roles: await transaction.selectFrom('roles').selectAll().execute(),
  };
}
