import type { Kysely, Selectable } from 'kysely';
import type { LoginLinkTable, SessionTable } from '../access-schema.ts';
import type { Schema } from '../schema.ts';

export type SessionRow = Selectable<SessionTable>;
export type LoginLinkRow = Selectable<LoginLinkTable>;

/** Login sessions and login links. */
export class SessionRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Sessions of one user, most recently used first. */
  list(userName: string): Promise<SessionRow[]> {
    return this.#db
      .selectFrom('sessions')
      .selectAll()
      .where('user_name', '=', userName)
      .orderBy('last_seen_ms', 'desc')
      .orderBy('id')
      .execute();
  }

  findByHash(hash: string): Promise<SessionRow | undefined> {
    return this.#db.selectFrom('sessions').selectAll().where('hash', '=', hash).executeTakeFirst();
  }

  async insert(row: SessionRow): Promise<void> {
    await this.#db.insertInto('sessions').values(row).execute();
  }

  async seen(id: string, nowMs: number): Promise<void> {
    await this.#db.updateTable('sessions').set({ last_seen_ms: nowMs }).where('id', '=', id).execute();
  }

  async remove(id: string): Promise<void> {
    await this.#db.deleteFrom('sessions').where('id', '=', id).execute();
  }

  /** Deletes all sessions of a user except `exceptId`. */
  async removeAll(userName: string, exceptId = ''): Promise<void> {
    await this.#db.deleteFrom('sessions').where('user_name', '=', userName).where('id', '<>', exceptId).execute();
  }

  /** Deletes sessions that were last used or created too long ago, and expired links. */
  async prune(lastSeenBeforeMs: number, createdBeforeMs: number, nowMs: number): Promise<void> {
    await this.#db
      .deleteFrom('sessions')
      .where((of) => of.or([of('last_seen_ms', '<', lastSeenBeforeMs), of('created_ms', '<', createdBeforeMs)]))
      .execute();
    await this.#db.deleteFrom('login_links').where('expires_ms', '<', nowMs).execute();
  }

  async insertLink(row: LoginLinkRow): Promise<void> {
    await this.#db.insertInto('login_links').values(row).execute();
  }

  /** Deletes a link and returns it, atomically: of two concurrent logins only one gets it. */
  takeLink(hash: string): Promise<LoginLinkRow | undefined> {
    return this.#db.deleteFrom('login_links').where('hash', '=', hash).returningAll().executeTakeFirst();
  }

  /** Deletes a user's links, so that an old link no longer works once the user is disabled or loses the password. */
  async removeLinks(userName: string): Promise<void> {
    await this.#db.deleteFrom('login_links').where('user_name', '=', userName).execute();
  }
}
