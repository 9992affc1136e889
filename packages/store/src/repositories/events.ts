import type { Insertable, Kysely, Selectable } from 'kysely';
import type { EventTable, Schema } from '../schema.ts';

export type EventRow = Selectable<EventTable>;

/** So many of the newest are kept, over all VMs. */
export const maxEvents = 10_000;

/** What happened, for a person to look back at. */
export class EventRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  async insert(event: Insertable<EventTable>): Promise<void> {
    await this.#db.insertInto('events').values(event).execute();
  }

  /** Newest first; of all VMs when `vmId` is undefined. */
  list(vmId: string | undefined, limit: number): Promise<EventRow[]> {
    const query = this.#db.selectFrom('events').selectAll().orderBy('id', 'desc').limit(limit);
    return (vmId === undefined ? query : query.where('vm_id', '=', vmId)).execute();
  }

  async prune(): Promise<void> {
    const oldest = await this.#db
      .selectFrom('events')
      .select('id')
      .orderBy('id', 'desc')
      .offset(maxEvents - 1)
      .limit(1)
      .executeTakeFirst();
    if (oldest !== undefined) await this.#db.deleteFrom('events').where('id', '<', oldest.id).execute();
  }
}
