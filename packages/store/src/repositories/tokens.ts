import type { Kysely, Selectable } from 'kysely';
import type { TokenTable } from '../access-schema.ts';
import type { Schema } from '../schema.ts';

export type TokenRow = Selectable<TokenTable>;

/** API tokens. Expired ones stay in the list until they are revoked or pruned. */
export class TokenRepository {
  readonly #db: Kysely<Schema>;

  constructor(db: Kysely<Schema>) {
    this.#db = db;
  }

  /** Lists tokens, newest first; of all users when `userName` is undefined. */
  list(userName?: string): Promise<TokenRow[]> {
    const query = this.#db.selectFrom('tokens').selectAll().orderBy('created_ms', 'desc').orderBy('id');
    return (userName === undefined ? query : query.where('user_name', '=', userName)).execute();
  }

  find(id: string): Promise<TokenRow | undefined> {
    return this.#db.selectFrom('tokens').selectAll().where('id', '=', id).executeTakeFirst();
  }

  findByHash(hash: string): Promise<TokenRow | undefined> {
    return this.#db.selectFrom('tokens').selectAll().where('hash', '=', hash).executeTakeFirst();
  }

  async insert(row: TokenRow): Promise<void> {
    await this.#db.insertInto('tokens').values(row).execute();
  }

  async used(id: string, nowMs: number): Promise<void> {
    await this.#db.updateTable('tokens').set({ last_used_ms: nowMs }).where('id', '=', id).execute();
  }

  async remove(id: string): Promise<void> {
    await this.#db.deleteFrom('tokens').where('id', '=', id).execute();
  }

  async prune(expiredBeforeMs: number): Promise<void> {
    await this.#db.deleteFrom('tokens').where('expires_ms', '<', expiredBeforeMs).execute();
  }
}
