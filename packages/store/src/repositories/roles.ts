import type { Kysely } from 'kysely';
import type { Schema } from '../schema.ts';
import { type AccessCheck, changeAccess } from './access-change.ts';
import type { RoleRow } from './access-rows.ts';

/** Custom roles. */
export class RoleRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** By name. */
  list(): Promise<RoleRow[]> {
    return this.#db.selectFrom('roles').selectAll().orderBy('name').execute();
  }

  /** Inserts or replaces a role, unless `check` throws. */
  async save(row: RoleRow, check: AccessCheck = () => undefined): Promise<void> {
    const { name: _name, ...change } = row;
    await changeAccess(this.#db, check, async (work) => {
      await work
        .insertInto('roles')
        .values(row)
        .onConflict((conflict) => conflict.column('name').doUpdateSet(change))
        .execute();
    });
  }

  /** Removes a role that nobody holds, unless `check` throws. Resolves to whether one was removed. */
  async removeUnused(name: string, check: AccessCheck = () => undefined): Promise<boolean> {
    return await changeAccess(this.#db, check, async (work) => {
      const result = await work
        .deleteFrom('roles')
        .where('name', '=', name)
        .where(({ not, exists, selectFrom }) =>
          not(exists(selectFrom('role_bindings').select('role').where('role_bindings.role', '=', name))),
        )
        .executeTakeFirst();
      return result.numDeletedRows > 0n;
    });
  }
}
