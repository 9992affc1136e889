import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { Kysely, SqliteDialect } from 'kysely';
import { openNodeSqlite } from './node-sqlite.ts';
import { openStore } from './open-store.ts';
import { AuditRepository } from './repositories/audit.ts';
import { EventRepository } from './repositories/events.ts';
import { FactRepository } from './repositories/facts.ts';
import { HistoryRepository } from './repositories/history.ts';
import { ImageRepository } from './repositories/images.ts';
import { OperationRepository } from './repositories/operations.ts';
import { RoleRepository } from './repositories/roles.ts';
import { RunRepository } from './repositories/runs.ts';
import { SessionRepository } from './repositories/sessions.ts';
import { TerminalRepository } from './repositories/terminals.ts';
import { TokenRepository } from './repositories/tokens.ts';
import { UserRepository } from './repositories/users.ts';
import { VmRepository } from './repositories/vms.ts';
import type { Schema } from './schema.ts';
import { describeMigrations } from './testing/describe-migrations.ts';
import { image, target, vm } from './testing/rows.ts';

let folder: string;
let count = 0;
const newPath = (): string => join(folder, `${++count}.db`);
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'innkeeper-store-'));
});
after(() => rm(folder, { recursive: true }));

const event = { time_ms: 1, vm_id: 'a', kind: 'k', message: 'm' };
const entry = {
  time_ms: 1,
  user_name: 'ann',
  via: 'session',
  address: '',
  action: 'x',
  vm_id: '',
  vm_name: '',
  parameters: 'p'.repeat(2000),
  result: 'ok',
};

describeMigrations('migrations in SQLite', async () => {
  const address = newPath();
  return { address, dialect: () => new SqliteDialect({ database: openNodeSqlite(address) }) };
});

describe('a damaged database file', () => {
  it('a damaged database file is refused with a reason and a next step, and is not modified', async () => {
    const whole = newPath();
    await (await openStore(whole))[Symbol.asyncDispose]();
    const bytes = await readFile(whole);
    for (const damaged of [Buffer.alloc(8192, 0x5a), bytes.subarray(0, 5000)]) {
      const path = newPath();
      await writeFile(path, damaged);
      await assert.rejects(openStore(path), { reason: 'DATABASE_CORRUPT', nextStep: /backup.*--adopt-data/ });
      assert.deepEqual(await readFile(path), damaged);
    }
  });
});

describe('a full disk under the database', () => {
  it('on a full disk, writes fail with a reason, reads work, and writes work again once there is space', async () => {
    const path = newPath();
    {
      await using store = await openStore(path);
      await store.images.insert(image);
      await store.vms.insert(vm);
    }
    const database = openNodeSqlite(path);
    const limit = (pages: number): unknown => database.prepare(`pragma max_page_count = ${pages}`).all([]);
    const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database }) });
    try {
      const audit = new AuditRepository(db);
      const history = new HistoryRepository(db);
      // SQLite reports SQLITE_FULL for its own limit as for a full disk.
      limit(1);
      const fill = async (): Promise<never> => {
        for (;;) await audit.append(entry);
      };
      await assert.rejects(fill(), { reason: 'HOST_DISK_FULL', message: /cannot be written.*full/ });
      const block = { vm_id: 'a', step_ms: 5000, start_ms: 0, data: new Uint8Array(100_000) };
      await assert.rejects(history.upsert([block]), { reason: 'HOST_DISK_FULL' });
      const { entries, brokenAtId } = await audit.verify();
      assert.equal(brokenAtId, undefined);
      assert.equal((await db.selectFrom('vms').selectAll().execute()).length, 1);
      limit(1_000_000);
      await history.upsert([block]);
      await audit.append(entry);
      assert.deepEqual(await audit.verify(), { entries: entries + 1, brokenAtId: undefined });
      assert.equal((await history.find('a', 5000, 0))?.data.length, 100_000);
    } finally {
      await db.destroy();
    }
  });
});

describe('every write on a full disk', () => {
  it('every write on a full disk fails with HOST_DISK_FULL, also inside a transaction, and leaves nothing behind', async () => {
    const path = newPath();
    {
      await using store = await openStore(path);
      await store.images.insert(image);
      await store.vms.insert(vm);
    }
    const database = openNodeSqlite(path);
    const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database }) });
    try {
      database.prepare('pragma max_page_count = 1').all([]);
      const long = 'x'.repeat(100_000);
      const user = { name: long, created_ms: 1, last_login_ms: null, disabled: 0, password: null };
      const run = {
        id: 'r',
        user_name: 'a',
        title: long,
        spec: '{}',
        state: 'running',
        started_ms: 1,
        ended_ms: null,
        node_id: '',
      };
      const output = { run_id: 'r', vm_id: 'a', start_offset: 0, stream: 1, time_ms: 1, data: Buffer.alloc(100_000) };
      const at = { runId: 'r', vmId: 'a', keptBytes: 1, nextOffset: 1 };
      const session = { address: long, user_agent: '', created_ms: 1, last_seen_ms: 1 };
      const token = { privileges: long, scope: '*', allowed_commands: '[]', created_ms: 1, expires_ms: 9 };
      const operation = {
        id: 'o',
        kind: 'k',
        state: 'running',
        target: 'one',
        vm_id: 'a',
        stage: '',
        progress: null,
        log: long,
        error: null,
        started_ms: 1,
        ended_ms: null,
        node_id: '',
      };
      const facts = new FactRepository(db);
      // The rows to which these refer do not exist, and a write must only fail because of the full disk.
      database.prepare('pragma foreign_keys = off').all([]);
      const writes: Readonly<Record<string, () => Promise<unknown>>> = {
        users: () => new UserRepository(db).insert(user, [{ role: 'viewer', scope: '*' }]),
        roles: () => new RoleRepository(db).save({ name: 'r', description: long, privileges: '[]' }),
        runs: () => new RunRepository(db).insert(run, [target]),
        'output of runs': () => new RunRepository(db).appendOutput([output], at),
        sessions: () => new SessionRepository(db).insert({ id: 's', hash: 's', user_name: 'a', ...session }),
        tokens: () =>
          new TokenRepository(db).insert({
            id: 't',
            hash: 't',
            user_name: 'a',
            name: 't',
            last_used_ms: null,
            ...token,
          }),
        operations: () => new OperationRepository(db).save(operation),
        events: () => new EventRepository(db).insert({ ...event, message: long }),
        images: () => new ImageRepository(db).insert({ ...image, name: long }),
        vms: () => new VmRepository(db).update('a', { state_detail: long }),
        facts: () => facts.setDataFolder(long),
        terminals: () =>
          new TerminalRepository(db).replace('n', [
            {
              id: 't',
              vm_id: 'a',
              title: long,
              guest_user: '',
              argv: '[]',
              columns: 80,
              rows: 24,
              created_ms: 1,
              created_by: 'ann',
            },
          ]),
      };
      for (const [name, write] of Object.entries(writes)) {
        const nextStep = /Free space/;
        await assert.rejects(write, { reason: 'HOST_DISK_FULL', message: /cannot be written.*full/, nextStep }, name);
      }
      assert.equal(await facts.dataFolder(), undefined);
      database.prepare('pragma max_page_count = 1000000').all([]);
      for (const [name, write] of Object.entries(writes)) await assert.doesNotReject(write, name);
    } finally {
      await db.destroy();
    }
  });
});

describe('a database that another program has locked', () => {
  it('a database that another program has locked can be read; writes fail soon with a reason, and work again afterwards', async () => {
    const path = newPath();
    await using store = await openStore(path);
    await store.events.insert(event);
    const other = new DatabaseSync(path);
    other.exec('begin immediate');
    const began = performance.now();
    await assert.rejects(store.events.insert(event), { reason: 'DATABASE_UNREACHABLE', message: /locked/ });
    assert.ok(performance.now() - began < 3000);
    assert.equal((await store.events.list('a', 10)).length, 1);
    other.exec('rollback');
    await store.events.insert(event);
    assert.equal((await store.events.list('a', 10)).length, 2);
    other.close();
  });
});

describe('a file that is not a database', () => {
  it('a file that is not a database is refused and not overwritten', async () => {
    const path = newPath();
    await writeFile(path, 'this is a letter, not a database\n'.repeat(100));
    await assert.rejects(openStore(path), /not a database/);
    assert.match(await readFile(path, 'utf8'), /^this is a letter/);
  });
});
