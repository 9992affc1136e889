import type { Kysely, Transaction } from 'kysely';
import type { Schema } from '../schema.ts';
import type { RoleRow } from './roles.ts';
import type { RoleBindingRow, UserRow } from './users.ts';

/** All that decides who may do what. */
export interface AccessState {
  readonly users: readonly UserRow[];
  readonly bindings: readonly RoleBindingRow[];
  readonly roles: readonly RoleRow[];
}

/** Throws when a change from one state to the other is not allowed. */
export type AccessCheck = (before: AccessState, after: AccessState) => void;

/**
 * Does `work` and asks `check` with the state before and after it, in one serializable transaction: two users who disable
 * each other at the same time do not both succeed. When either throws, nothing has changed.
 */
export async function changeAccess<T>(
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

async function readState(transaction: Transaction<Schema>): Promise<AccessState> {
  return {
    users: await transaction.selectFrom('users').selectAll().execute(),
    bindings: await transaction.selectFrom('role_bindings').selectAll().execute(),
    roles: await transaction.selectFrom('roles').selectAll().execute(),
  };
}
