import type { Kysely } from 'kysely';
import type { Schema } from '../schema.ts';

const dataFolderFact = 'data-folder';

/** Facts about the database itself. */
export class FactRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** The id of the data folder whose images and VMs this database describes; undefined until one has claimed it. */
  async dataFolder(): Promise<string | undefined> {
    const row = await this.#db
      .selectFrom('facts')
      .select('value')
      .where('name', '=', dataFolderFact)
      .executeTakeFirst();
    return row?.value;
  }

  /** Ties the database to a data folder. */
  async setDataFolder(id: string): Promise<void> {
    await this.#db
      .insertInto('facts')
      .values({ name: dataFolderFact, value: id })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: id }))
      .execute();
  }
}
