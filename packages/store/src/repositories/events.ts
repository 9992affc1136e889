import type { Insertable, Kysely, Selectable } from 'kysely';
import type { EventTable, Schema } from '../schema.ts';

export type EventRow = Selectable<EventTable>;

/** Number of newest events that are kept, over all VMs. */
export const maxEvents = 10_000;
/** Number of newest events that are kept per VM, so that no guest can displace the events of others. */
export const maxEventsOfVm = 200;
/** An event is coalesced with an earlier one among this many newest of its VM that is not older than the limit below. */
const recentEvents = 8;
const sameWithinMs = 3_600_000;

export interface InsertEventOptions {
  /**
   * Combine it with an earlier event of the same kind into one row, with a count, the time of the first, and the time and
   * message of the last. For events that a guest can cause as often as it likes. Default: false.
   */
  readonly coalesce?: boolean;
}

/** Events, for people to look back at. */
export class EventRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Adds an event, and deletes the oldest ones of its VM beyond 200. */
  async insert(event: Insertable<EventTable>, { coalesce = false }: InsertEventOptions = {}): Promise<void> {
    await this.#db.transaction().execute(async (transaction) => {
      const before = coalesce ? await findSame(transaction, event) : undefined;
      const repeated =
        before === undefined ? {} : { count: before.count + 1, first_ms: before.first_ms ?? before.time_ms };
      // Insert before deleting the old row: ids must not be reused, so that followers of the list see this as a new event.
      await transaction
        .insertInto('events')
        .values({ ...event, ...repeated })
        .execute();
      if (before !== undefined) await transaction.deleteFrom('events').where('id', '=', before.id).execute();
      const oldest = await transaction
        .selectFrom('events')
        .select('id')
        .where('vm_id', '=', event.vm_id)
        .orderBy('id', 'desc')
        .offset(maxEventsOfVm)
        .limit(1)
        .executeTakeFirst();
      if (oldest !== undefined)
        await transaction.deleteFrom('events').where('vm_id', '=', event.vm_id).where('id', '<=', oldest.id).execute();
    });
  }

  /** Lists events, newest first; of all VMs when `vmId` is undefined, of all nodes when `nodeId` is. `beforeId`: only older ones. */
  list(vmId: string | undefined, limit: number, beforeId?: number, nodeId?: string): Promise<EventRow[]> {
    let query = this.#db.selectFrom('events').selectAll().orderBy('id', 'desc').limit(limit);
    if (vmId !== undefined) query = query.where('vm_id', '=', vmId);
    if (nodeId !== undefined) query = query.where('node_id', '=', nodeId);
    if (beforeId !== undefined) query = query.where('id', '<', beforeId);
    return query.execute();
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

async function findSame(db: Kysely<Schema>, event: Insertable<EventTable>): Promise<EventRow | undefined> {
  const recent = await db
    .selectFrom('events')
    .selectAll()
    .where('vm_id', '=', event.vm_id)
    .orderBy('id', 'desc')
    .limit(recentEvents)
    .execute();
  return recent.find(({ kind, time_ms }) => kind === event.kind && event.time_ms - time_ms < sameWithinMs);
}
