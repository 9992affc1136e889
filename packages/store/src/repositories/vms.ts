import { OperationError } from '@innkeeper/contract';
import type { Kysely, Selectable, Updateable } from 'kysely';
import type { Schema, VmTable } from '../schema.ts';

export type VmRow = Selectable<VmTable>;

/** The VMs. Names are unique. */
export class VmRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** All, oldest first. */
  list(): Promise<VmRow[]> {
    return this.#db.selectFrom('vms').selectAll().orderBy('created_ms').orderBy('id').execute();
  }

  /** Fails with VM_NAME_TAKEN when the name is in use, also by a VM that is being created. */
  async insert(row: VmRow): Promise<void> {
    const result = await this.#db
      .insertInto('vms')
      .values(row)
      .onConflict((conflict) => conflict.column('name').doNothing())
      .executeTakeFirst();
    if (result.numInsertedOrUpdatedRows === 0n) {
      throw new OperationError('VM_NAME_TAKEN', `A VM named "${row.name}" already exists.`);
    }
  }

  /** Fails with VM_NAME_TAKEN when another VM has the new name. */
  async update(id: string, change: Updateable<Omit<VmTable, 'id'>>): Promise<void> {
    try {
      await this.#db.updateTable('vms').set(change).where('id', '=', id).execute();
    } catch (error) {
      const { name } = change;
      if (name === undefined || !(await this.#isTaken(name, id))) throw error;
      throw new OperationError('VM_NAME_TAKEN', `A VM named "${name}" already exists.`, { cause: error });
    }
  }

  async #isTaken(name: string, byOtherThan: string): Promise<boolean> {
    const query = this.#db.selectFrom('vms').select('id').where('name', '=', name).where('id', '!=', byOtherThan);
    return (await query.executeTakeFirst()) !== undefined;
  }

  /** Deletes a VM with its history; its events are kept. */
  async remove(id: string): Promise<void> {
    await this.#db.deleteFrom('vms').where('id', '=', id).execute();
  }

  /** How many VMs use each image. */
  async countByImage(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#db
      .selectFrom('vms')
      .select(({ fn }) => ['image', fn.countAll().as('count')])
      .groupBy('image')
      .execute();
    return new Map(rows.map((row) => [row.image, Number(row.count)]));
  }
}
