import type { Kysely, Transaction } from 'kysely';
import type { Schema } from '../schema.ts';
import type { RoleBindingRow, RoleRow, UserRow } from './access-rows.ts';

/** All that decides who may do what. */
export interface AccessState {
  readonly users: readonly UserRow[];
  readonly bindings: readonly RoleBindingRow[];
  readonly roles: readonly RoleRow[];
}

/** Of changes that conflict one succeeds each time, and people make few at once. */
const maxTries = 50;

/** Throws when a change from one state to the other is not allowed. */
export type AccessCheck = (before: AccessState, after: AccessState) => void;

/**
 * Does `work` and asks `check` with the state before and after it, in one serializable transaction: two users who disable
 * each other at the same time do not both succeed. When either throws, nothing has changed. Both may be asked again, when
 * another control plane changed something meanwhile.
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

/** serialization_failure and deadlock_detected of PostgreSQL: another change was faster, and this one had no effect. */
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
