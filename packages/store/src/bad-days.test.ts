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
import { HistoryRepository } from './repositories/history.ts';
import type { Schema } from './schema.ts';
import { describeMigrations } from './testing/describe-migrations.ts';
import { image, vm } from './testing/describe-store.ts';

let folder: string;
let count = 0;
const newPath = (): string => join(folder, `${++count}.db`);
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'innkeeper-store-'));
});
after(() => rm(folder, { recursive: true }));

const event = { time_ms: 1, vm_id: 'a', kind: 'k', message: 'm' };
const entry = {
  ...{ time_ms: 1, user_name: 'ann', via: 'session', address: '', action: 'x', vm_id: '', vm_name: '' },
  ...{ parameters: 'p'.repeat(2000), result: 'ok' },
};

describeMigrations('migrations in SQLite', async () => {
  const address = newPath();
  return { address, dialect: () => new SqliteDialect({ database: openNodeSqlite(address) }) };
});

describe('a full disk under the database', () => {
  it('refuses what is written with a reason, goes on reading, and writes again when there is room', async () => {
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
      // SQLite says the same of a limit of its own as of a disk: SQLITE_FULL.
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

describe('a database that another program has locked', () => {
  it('is read all the same; what is written fails with a reason, soon, and works again afterwards', async () => {
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

describe('a file that is no database', () => {
  it('is refused, and nothing is written over it', async () => {
    const path = newPath();
    await writeFile(path, 'this is no database, but a letter\n'.repeat(100));
    await assert.rejects(openStore(path), /not a database/);
    assert.match(await readFile(path, 'utf8'), /^this is no database/);
  });
});
