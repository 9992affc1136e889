import { Kysely, SqliteDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { migrationProvider } from './migrations/index.ts';
import { assertKnownVersion } from './migrations/known-version.ts';
import { openNodeSqlite } from './node-sqlite.ts';
import { isPostgresAddress, postgresDialect } from './open-postgres.ts';
import { AuditRepository } from './repositories/audit.ts';
import { EventRepository } from './repositories/events.ts';
import { FactRepository } from './repositories/facts.ts';
import { HistoryRepository } from './repositories/history.ts';
import { ImageRepository } from './repositories/images.ts';
import { NodeRepository } from './repositories/nodes.ts';
import { OperationRepository } from './repositories/operations.ts';
import { RoleRepository } from './repositories/roles.ts';
import { RunRepository } from './repositories/runs.ts';
import { SessionRepository } from './repositories/sessions.ts';
import { TerminalRepository } from './repositories/terminals.ts';
import { TokenRepository } from './repositories/tokens.ts';
import { UserRepository } from './repositories/users.ts';
import { VmRepository } from './repositories/vms.ts';
import type { Schema } from './schema.ts';

/** The daemon's database. */
export interface Store extends AsyncDisposable {
  readonly vms: VmRepository;
  readonly images: ImageRepository;
  readonly operations: OperationRepository;
  readonly events: EventRepository;
  readonly history: HistoryRepository;
  readonly users: UserRepository;
  readonly roles: RoleRepository;
  readonly tokens: TokenRepository;
  readonly sessions: SessionRepository;
  readonly audit: AuditRepository;
  readonly runs: RunRepository;
  readonly facts: FactRepository;
  readonly nodes: NodeRepository;
  readonly terminals: TerminalRepository;
  /** Deletes rows beyond their retention. To be called periodically. */
  prune(nowMs: number): Promise<void>;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
}

export interface OpenStoreOptions {
  /** Called when an idle connection to the server breaks. */
  readonly onIdleError?: (error: Error) => void;
}

/**
 * Opens the database and migrates it to the newest schema: an SQLite file, created when missing (":memory:" in tests), or a
 * PostgreSQL server (postgres://…), which several daemons may share. Fails with DATABASE_VERSION_UNKNOWN.
 */
export async function openStore(address: string, options: OpenStoreOptions = {}): Promise<Store> {
  const dialect = isPostgresAddress(address)
    ? postgresDialect(address, options.onIdleError ?? (() => undefined))
    : new SqliteDialect({ database: openNodeSqlite(address) });
  const db = new Kysely<Schema>({ dialect });
  try {
    await assertKnownVersion(db);
    const { error } = await new Migrator({ db, provider: migrationProvider }).migrateToLatest();
    if (error !== undefined) throw error;
  } catch (error) {
    await db.destroy();
    throw error;
  }
  const store = {
    vms: new VmRepository(db),
    images: new ImageRepository(db),
    operations: new OperationRepository(db),
    events: new EventRepository(db),
    history: new HistoryRepository(db),
    users: new UserRepository(db),
    roles: new RoleRepository(db),
    tokens: new TokenRepository(db),
    sessions: new SessionRepository(db),
    audit: new AuditRepository(db),
    runs: new RunRepository(db),
    facts: new FactRepository(db),
    nodes: new NodeRepository(db),
    terminals: new TerminalRepository(db),
  };
  return {
    ...store,
    prune: async (nowMs) => {
      await store.events.prune();
      await store.operations.prune(nowMs);
      await store.runs.prune();
    },
    ping: async () => {
      await sql`select 1`.execute(db);
    },
    [Symbol.asyncDispose]: () => db.destroy(),
  };
}
