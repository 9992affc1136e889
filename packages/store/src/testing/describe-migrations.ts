import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Dialect, Kysely, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import { migrationProvider } from '../migrations/index.ts';
import { openStore } from '../open-store.ts';
import { AuditRepository } from '../repositories/audit.ts';
import type { Schema } from '../schema.ts';
import { makeBeforeSquash, oldSteps } from './before-squash.ts';
import { image, terminal, vm } from './rows.ts';

/** An empty database, and direct access to it below the store. */
export interface EmptyDatabase {
  readonly address: string;
  readonly dialect: () => Dialect;
}

type Fill = (db: Kysely<Schema>) => Promise<unknown>;

const entry = {
  time_ms: 1,
  user_name: 'ann',
  via: 'session',
  address: '',
  action: 'VmService/StopVm',
  vm_id: 'a',
  vm_name: 'one',
  parameters: '{}',
  result: 'ok',
};
const operation = {
  id: 'o',
  kind: 'vm.create',
  state: 'succeeded',
  target: 'one',
  vm_id: 'a',
  stage: '',
  progress: 0.5,
  log: '[]',
  error: null,
  started_ms: 2 ** 40,
  ended_ms: 2 ** 40 + 1,
} as const;
const node = { id: 'f', name: 'host', description: '{"version":"1"}', started_ms: 2 ** 41, seen_ms: 2 ** 41 + 1 };

/** Rows as a daemon wrote them into the schema of each migration. */
const fills: Readonly<Record<string, Fill>> = {
  '0001-initial': async (db) => {
    // In SQL: Kysely's types have the columns of the newest schema and require values for all of them.
    const { node_id: _imageNode, ...oldImage } = image;
    const { node_id: _vmNode, identity: _vmIdentity, ...oldVm } = { ...vm, autostart: 1, stopped_boot_id: 'boot' };
    await insert(db, 'images', oldImage);
    await insert(db, 'vms', oldVm);
    const event = { time_ms: 5, vm_id: 'a', kind: 'vm.started', message: 'é “quoted”', count: 37, first_ms: 3 };
    await db.insertInto('events').values(event).execute();
    await insert(db, 'operations', operation);
    await db
      .insertInto('history_blocks')
      .values({ vm_id: 'a', step_ms: 5000, start_ms: 2 ** 41, data: new Uint8Array([0, 255, 128]) })
      .execute();
    const user = { name: 'ann', created_ms: 1, last_login_ms: null, disabled: 0, password: 'hash' } as const;
    await db.insertInto('users').values(user).execute();
    await db.insertInto('role_bindings').values({ user_name: 'ann', role: 'viewer', scope: '*' }).execute();
    const audit = new AuditRepository(db);
    for (let count = 0; count < 3; count++) await audit.append(entry);
    const run = { id: 'r', user_name: 'ann', title: 't', spec: '{}', state: 'succeeded', started_ms: 1, ended_ms: 2 };
    await insert(db, 'runs', run);
    await db.insertInto('facts').values({ name: 'data-folder', value: 'f' }).execute();
  },
  '0002-nodes': async (db) => {
    for (const table of ['vms', 'images', 'operations', 'runs', 'events'] as const)
      await db.updateTable(table).set({ node_id: 'f' }).execute();
    await db
      .insertInto('terminals')
      .values({ ...terminal, node_id: 'f' })
      .execute();
  },
  '0003-known-nodes': (db) => db.insertInto('nodes').values(node).execute(),
  '0004-guest-identity': (db) => db.updateTable('vms').set({ identity: 'fresh' }).execute(),
};

/** Tests that a database of every earlier version is migrated to the newest without losing data. */
export function describeMigrations(name: string, make: () => Promise<EmptyDatabase>): void {
  describe(name, async () => {
    const versions = Object.keys(await migrationProvider.getMigrations());

    it('has test data for every version of the schema', () => {
      assert.deepEqual(Object.keys(fills), versions);
    });

    for (const [index, version] of versions.entries()) {
      it(`keeps the data of a database of version ${version}`, async () => {
        const { address, dialect } = await make();
        const filled = versions.slice(0, index + 1);
        await onDatabase(dialect(), async (db) => {
          const { error } = await new Migrator({ db, provider: migrationProvider }).migrateTo(version);
          assert.equal(error, undefined);
          for (const each of filled) await fills[each]?.(db);
        });
        // The second time there is nothing left to do.
        for (let opening = 0; opening < 2; opening++) await checkAll(address, filled);
      });
    }

    it('keeps the data of a database with all steps from before the squash, also when two daemons open it at the same time', async () => {
      const { address, dialect } = await make();
      await onDatabase(dialect(), async (db) => {
        await makeBeforeSquash(db, oldSteps);
        await fills['0001-initial']?.(db);
      });
      const isShared = address.includes('://');
      const stores = await Promise.all(Array.from({ length: isShared ? 2 : 1 }, () => openStore(address)));
      for (const store of stores) await store[Symbol.asyncDispose]();
      for (let opening = 0; opening < 2; opening++) await checkAll(address, ['0001-initial']);
      const taken = await onDatabase(dialect(), migrationsOf);
      assert.deepEqual(taken, versions);
    });

    it('gives a database from before the squash the same columns as a new one', async () => {
      const [old, fresh] = [await make(), await make()];
      await onDatabase(old.dialect(), (db) => makeBeforeSquash(db, oldSteps));
      for (const { address } of [old, fresh]) await (await openStore(address))[Symbol.asyncDispose]();
      const [columnsOfOld, columnsOfNew] = [
        await onDatabase(old.dialect(), columnsOf),
        await onDatabase(fresh.dialect(), columnsOf),
      ];
      assert.deepEqual(columnsOfOld, columnsOfNew);
      assert.ok(columnsOfNew.length > 100);
    });

    it('refuses a database with only some steps from before the squash, or of a newer version, and changes nothing', async () => {
      for (const [steps, message] of [
        [oldSteps.slice(0, 3), /early build.*"0003-access"\. Nothing was changed/],
        [[...versions, '0099-later'], /another version of Innkeeper: it has the migrations "0099-later"/],
      ] as const) {
        const { address, dialect } = await make();
        await onDatabase(dialect(), (db) => makeBeforeSquash(db, steps));
        const nextStep = /--adopt-data/;
        await assert.rejects(openStore(address), { reason: 'DATABASE_VERSION_UNKNOWN', message, nextStep });
        assert.deepEqual(await onDatabase(dialect(), migrationsOf), steps);
      }
    });
  });
}

async function onDatabase<T>(dialect: Dialect, work: (db: Kysely<Schema>) => Promise<T>): Promise<T> {
  const db = new Kysely<Schema>({ dialect });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

async function insert(db: Kysely<Schema>, table: string, row: Readonly<Record<string, unknown>>): Promise<void> {
  const columns = sql.join(Object.keys(row).map((column) => sql.ref(column)));
  await sql`insert into ${sql.table(table)} (${columns}) values (${sql.join(Object.values(row))})`.execute(db);
}

async function migrationsOf(db: Kysely<Schema>): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map(({ name }) => name);
}

async function columnsOf(db: Kysely<Schema>): Promise<string[]> {
  const tables = await db.introspection.getTables();
  return tables
    .flatMap(({ name: table, columns }) =>
      columns.map(({ name, dataType, isNullable, hasDefaultValue }) =>
        [table, name, dataType, isNullable, hasDefaultValue].join(' '),
      ),
    )
    .sort();
}

async function checkAll(address: string, filled: readonly string[]): Promise<void> {
  const node_id = filled.includes('0002-nodes') ? 'f' : '';
  await using store = await openStore(address);
  const identity = filled.includes('0004-guest-identity') ? 'fresh' : '';
  const changed = { autostart: 1, stopped_boot_id: 'boot', node_id, identity };
  assert.deepEqual({ ...(await store.vms.list())[0] }, { ...vm, ...changed });
  assert.deepEqual({ ...(await store.images.find('tiny')) }, { ...image, node_id });
  const [event] = await store.events.list('a', 10);
  assert.deepEqual(
    [event?.time_ms, event?.message, event?.count, event?.first_ms, event?.node_id],
    [5, 'é “quoted”', 37, 3, node_id],
  );
  assert.deepEqual({ ...(await store.operations.find('o')) }, { ...operation, node_id });
  const block = await store.history.find('a', 5000, 2 ** 41);
  assert.deepEqual(block && [...block.data], [0, 255, 128]);
  assert.equal((await store.users.find('ann'))?.password, 'hash');
  assert.deepEqual(await store.audit.verify(), { entries: 3, brokenAtId: undefined });
  const run = await store.runs.find('r');
  assert.deepEqual([run?.title, run?.node_id], ['t', node_id]);
  assert.equal(await store.facts.dataFolder(), 'f');
  assert.deepEqual(
    (await store.terminals.list('f')).map((row) => ({ ...row })),
    node_id === '' ? [] : [{ ...terminal, node_id }],
  );
  assert.deepEqual(
    (await store.nodes.list()).map((row) => ({ ...row })),
    filled.includes('0003-known-nodes') ? [node] : [],
  );
}
