import { OperationError } from '@innkeeper/contract';
import type { Kysely, Selectable, Updateable } from 'kysely';
import type { ImageTable, Schema } from '../schema.ts';

export type ImageRow = Selectable<ImageTable>;

/** The name in the row of a VM without an image. The row that it refers to is never returned. */
const noImage = '';

/** The images from which VMs are created. */
export class ImageRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  list(): Promise<ImageRow[]> {
    return this.#db.selectFrom('images').selectAll().where('name', '!=', noImage).orderBy('name').execute();
  }

  find(name: string): Promise<ImageRow | undefined> {
    const named = this.#db.selectFrom('images').selectAll().where('name', '=', name);
    return named.where('name', '!=', noImage).executeTakeFirst();
  }

  /** Fails with IMAGE_NAME_TAKEN. */
  async insert(row: ImageRow): Promise<void> {
    const result = await this.#db
      .insertInto('images')
      .values(row)
      .onConflict((conflict) => conflict.column('name').doNothing())
      .executeTakeFirst();
    if (result.numInsertedOrUpdatedRows === 0n) {
      throw new OperationError('IMAGE_NAME_TAKEN', `An image named "${row.name}" already exists.`);
    }
  }

  /** Makes sure that a VM may be stored that was not created from an image: the schema wants it to name one. */
  async allowNone(nodeId: string): Promise<void> {
    const nothing = { format: '', path: '', virtual_bytes: 0, sha256: '', added_ms: 0, kernel: null, base: null };
    await this.#db
      .insertInto('images')
      .values({ name: noImage, ...nothing, node_id: nodeId })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute();
  }

  async update(name: string, change: Updateable<Omit<ImageTable, 'name'>>): Promise<void> {
    await this.#db.updateTable('images').set(change).where('name', '=', name).execute();
  }

  /** Replaces an image. Fails with IMAGE_IN_USE while VMs use it, IMAGE_NOT_FOUND. */
  async replace({ name, ...change }: ImageRow): Promise<void> {
    const result = await this.#db
      .updateTable('images')
      .set(change)
      .where('name', '=', name)
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('vms').select('vms.id').where('vms.image', '=', name))),
      )
      .executeTakeFirst();
    if (result.numUpdatedRows > 0n) return;
    if ((await this.find(name)) !== undefined) throw inUse(name);
    throw new OperationError('IMAGE_NOT_FOUND', `The image "${name}" no longer exists.`);
  }

  /** Fails with IMAGE_IN_USE while VMs use it. */
  async remove(name: string): Promise<void> {
    const result = await this.#db
      .deleteFrom('images')
      .where('name', '=', name)
      .where(({ not, exists, selectFrom }) =>
        not(exists(selectFrom('vms').select('vms.id').where('vms.image', '=', name))),
      )
      .executeTakeFirst();
    if (result.numDeletedRows === 0n && (await this.find(name)) !== undefined) {
      throw inUse(name);
    }
  }
}

function inUse(name: string): OperationError {
  return new OperationError('IMAGE_IN_USE', `VMs use the image "${name}".`);
}
