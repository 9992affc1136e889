import type { Kysely, Selectable } from 'kysely';
import type { LoginLinkTable, SessionTable } from '../access-schema.ts';
import type { Schema } from '../schema.ts';

export type SessionRow = Selectable<SessionTable>;
export type LoginLinkRow = Selectable<LoginLinkTable>;

/** Sessions of people, and the links that open one. */
export class SessionRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Of one user, last seen first. */
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

  /** All of a user but `exceptId`. */
  async removeAll(userName: string, exceptId = ''): Promise<void> {
    await this.#db.deleteFrom('sessions').where('user_name', '=', userName).where('id', '<>', exceptId).execute();
  }

  /** Removes what ended: last seen, or begun, too long ago; and links whose time has passed. */
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

  /** Gives the link and removes it in one step: of two who come at once, one gets it. */
  takeLink(hash: string): Promise<LoginLinkRow | undefined> {
    return this.#db.deleteFrom('login_links').where('hash', '=', hash).returningAll().executeTakeFirst();
  }

  /** A user who was disabled, or whose password was taken away, does not come in by an old link. */
  async removeLinks(userName: string): Promise<void> {
    await this.#db.deleteFrom('login_links').where('user_name', '=', userName).execute();
  }
}
