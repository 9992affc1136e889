import { type Kysely, type Selectable, sql } from 'kysely';
import type { RunOutputTable, RunTable, RunTargetTable, Schema } from '../schema.ts';

export type RunRow = Selectable<RunTable>;
export type RunTargetRow = Selectable<RunTargetTable>;
export type RunOutputRow = Selectable<RunOutputTable>;

/** Number of newest runs that are kept, with their output. */
const maxRuns = 10_000;
/** Bytes of output that are kept in all; beyond them the oldest runs are deleted. */
export const maxOutputBytes = 4 * 1024 ** 3;
const deletedAtOnce = 500;

/** How many runs and how much output are kept. */
export interface KeptRuns {
  readonly runs: number;
  readonly outputBytes: number;
}

export interface RunFilter {
  readonly vmId?: string | undefined;
  readonly nodeId?: string | undefined;
  readonly user?: string | undefined;
  /** Must occur in the title or the command, ignoring case. */
  readonly text?: string | undefined;
  readonly beforeMs?: number | undefined;
  readonly limit: number;
}

/** Runs, their targets and their output. */
export class RunRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Inserts a run with its targets, all or none. Resolves to false if the id already exists. */
  insert(run: RunRow, targets: readonly RunTargetRow[]): Promise<boolean> {
    return this.#db.transaction().execute(async (transaction) => {
      const { numInsertedOrUpdatedRows } = await transaction
        .insertInto('runs')
        .values(run)
        .onConflict((conflict) => conflict.column('id').doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows !== 1n) return false;
      if (targets.length > 0) await transaction.insertInto('run_targets').values(targets).execute();
      return true;
    });
  }

  find(id: string): Promise<RunRow | undefined> {
    return this.#db.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst();
  }

  /** By name of the VM. */
  targets(runIds: readonly string[]): Promise<RunTargetRow[]> {
    if (runIds.length === 0) return Promise.resolve([]);
    return this.#db.selectFrom('run_targets').selectAll().where('run_id', 'in', runIds).orderBy('vm_name').execute();
  }

  /** Newest first. */
  list({ vmId, nodeId, user, text, beforeMs, limit }: RunFilter): Promise<RunRow[]> {
    let query = this.#db.selectFrom('runs').selectAll();
    if (nodeId !== undefined) query = query.where('node_id', '=', nodeId);
    if (user !== undefined) query = query.where('user_name', '=', user);
    if (beforeMs !== undefined) query = query.where('started_ms', '<', beforeMs);
    if (vmId !== undefined) {
      query = query.where(({ exists, selectFrom }) =>
        exists(
          selectFrom('run_targets')
            .select('run_targets.run_id')
            .whereRef('run_targets.run_id', '=', 'runs.id')
            .where('run_targets.vm_id', '=', vmId),
        ),
      );
    }
    if (text !== undefined) {
      const pattern = patternOf(text);
      // The spec is JSON, in which quotes and line breaks are escaped.
      const jsonPattern = patternOf(JSON.stringify(text).slice(1, -1));
      // PostgreSQL's default escape character is the backslash; SQLite has none.
      query = query.where(({ or }) =>
        or([
          sql<boolean>`lower(title) like ${pattern} escape '\\'`,
          sql<boolean>`lower(spec) like ${jsonPattern} escape '\\'`,
        ]),
      );
    }
    return query.orderBy('started_ms', 'desc').orderBy('id', 'desc').limit(limit).execute();
  }

  /** Runs that have not ended; after a start, those that the daemon's end interrupted. */
  unfinished(): Promise<RunRow[]> {
    return this.#db.selectFrom('runs').selectAll().where('ended_ms', 'is', null).execute();
  }

  async update(id: string, change: Partial<Omit<RunRow, 'id'>>): Promise<void> {
    await this.#db.updateTable('runs').set(change).where('id', '=', id).execute();
  }

  async updateTarget(
    runId: string,
    vmId: string,
    change: Partial<Omit<RunTargetRow, 'run_id' | 'vm_id'>>,
  ): Promise<void> {
    await this.#db
      .updateTable('run_targets')
      .set(change)
      .where('run_id', '=', runId)
      .where('vm_id', '=', vmId)
      .execute();
  }

  /** Appends output of one target and updates its offset in one transaction, so that both always agree. */
  appendOutput(
    rows: readonly RunOutputRow[],
    target: { readonly runId: string; readonly vmId: string; readonly keptBytes: number; readonly nextOffset: number },
  ): Promise<void> {
    return this.#db.transaction().execute(async (transaction) => {
      if (rows.length > 0) await transaction.insertInto('run_outputs').values(rows).execute();
      await transaction
        .updateTable('run_targets')
        .set({ kept_bytes: target.keptBytes, next_offset: target.nextOffset })
        .where('run_id', '=', target.runId)
        .where('vm_id', '=', target.vmId)
        .execute();
    });
  }

  /** Output from an offset, in order; the first row may begin before the offset. */
  output(runId: string, vmId: string, fromOffset: number, limit: number): Promise<RunOutputRow[]> {
    return this.#db
      .selectFrom('run_outputs')
      .selectAll()
      .where('run_id', '=', runId)
      .where('vm_id', '=', vmId)
      .where(sql<number>`start_offset + length(data)`, '>', fromOffset)
      .orderBy('start_offset')
      .limit(limit)
      .execute();
  }

  /** Deletes the oldest ended runs beyond the limits on their number and output. */
  async prune({ runs = maxRuns, outputBytes = maxOutputBytes }: Partial<KeptRuns> = {}): Promise<void> {
    const all = await this.#db
      .selectFrom('runs')
      .leftJoin('run_targets', 'run_targets.run_id', 'runs.id')
      .select(['runs.id', 'runs.ended_ms', sql<number>`coalesce(sum(run_targets.kept_bytes), 0)`.as('bytes')])
      .groupBy(['runs.id', 'runs.ended_ms', 'runs.started_ms'])
      .orderBy('runs.started_ms', 'desc')
      .orderBy('runs.id', 'desc')
      .execute();
    let keptBytes = 0;
    const dropped: string[] = [];
    for (const [index, { id, ended_ms, bytes }] of all.entries()) {
      keptBytes += Number(bytes);
      // The newest run is kept, whatever the size of its output.
      if (ended_ms !== null && index > 0 && (index >= runs || keptBytes > outputBytes)) dropped.push(id);
    }
    for (let from = 0; from < dropped.length; from += deletedAtOnce)
      await this.#db
        .deleteFrom('runs')
        .where('id', 'in', dropped.slice(from, from + deletedAtOnce))
        .execute();
  }
}

/** A LIKE pattern for lower-case text that contains this text. */
function patternOf(text: string): string {
  return `%${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
}
