import { OperationError } from '@innkeeper/contract';
import type { Kysely, Transaction } from 'kysely';
import type { Schema } from '../schema.ts';
import { type AccessCheck, changeAccess } from './access-change.ts';
import type { RoleBindingRow, UserRow } from './access-rows.ts';

/** A change of a user; absent properties are not changed. */
export interface UserChange {
  readonly bindings?: readonly Omit<RoleBindingRow, 'user_name'>[] | undefined;
  readonly disabled?: boolean | undefined;
  readonly password?: string | null | undefined;
}

/** Users and their role bindings. */
export class UserRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** By name. */
  list(): Promise<UserRow[]> {
    return this.#db.selectFrom('users').selectAll().orderBy('name').execute();
  }

  find(name: string): Promise<UserRow | undefined> {
    return this.#db.selectFrom('users').selectAll().where('name', '=', name).executeTakeFirst();
  }

  /** Role bindings of one user, or of all. */
  bindings(name?: string): Promise<RoleBindingRow[]> {
    const query = this.#db.selectFrom('role_bindings').selectAll().orderBy('role').orderBy('scope');
    return (name === undefined ? query : query.where('user_name', '=', name)).execute();
  }

  /** Fails with ACCOUNT_NAME_TAKEN. */
  async insert(row: UserRow, bindings: readonly Omit<RoleBindingRow, 'user_name'>[]): Promise<void> {
    await this.#db.transaction().execute(async (work) => {
      const result = await work
        .insertInto('users')
        .values(row)
        .onConflict((conflict) => conflict.column('name').doNothing())
        .executeTakeFirst();
      if (result.numInsertedOrUpdatedRows === 0n) {
        throw new OperationError('ACCOUNT_NAME_TAKEN', `A user named "${row.name}" already exists.`);
      }
      await insertBindings(work, row.name, bindings);
    });
  }

  /** Changes or removes a user, unless `check` throws; then nothing has changed. */
  async change(name: string, change: UserChange | 'remove', check: AccessCheck): Promise<void> {
    await changeAccess(this.#db, check, async (work) => {
      if (change === 'remove') await work.deleteFrom('users').where('name', '=', name).execute();
      else await applyChange(work, name, change);
    });
  }

  async loggedIn(name: string, nowMs: number): Promise<void> {
    await this.#db.updateTable('users').set({ last_login_ms: nowMs }).where('name', '=', name).execute();
  }
}

async function applyChange(work: Transaction<Schema>, name: string, change: UserChange): Promise<void> {
  const { bindings, disabled, password } = change;
  const columns = {
    ...(disabled === undefined ? {} : { disabled: disabled ? 1 : 0 }),
    ...(password === undefined ? {} : { password }),
  };
  if (Object.keys(columns).length > 0) await work.updateTable('users').set(columns).where('name', '=', name).execute();
  if (bindings === undefined) return;
  await work.deleteFrom('role_bindings').where('user_name', '=', name).execute();
  await insertBindings(work, name, bindings);
}

async function insertBindings(
  work: Transaction<Schema>,
  name: string,
  bindings: readonly Omit<RoleBindingRow, 'user_name'>[],
): Promise<void> {
  if (bindings.length === 0) return;
  await work
    .insertInto('role_bindings')
    .values(bindings.map(({ role, scope }) => ({ user_name: name, role, scope })))
    .onConflict((conflict) => conflict.columns(['user_name', 'role', 'scope']).doNothing())
    .execute();
}
