import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Dialect, Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { migrationProvider } from '../migrations/index.ts';
import { openStore } from '../open-store.ts';
import { AuditRepository } from '../repositories/audit.ts';
import type { Schema } from '../schema.ts';
import { image, vm } from './describe-store.ts';

/** An empty database, and a way to it below the store. */
export interface EmptyDatabase {
  readonly address: string;
  readonly dialect: () => Dialect;
}

type Fill = (db: Kysely<Schema>) => Promise<unknown>;

const entry = {
  ...{ time_ms: 1, user_name: 'ann', via: 'session', address: '', action: 'VmService/StopVm', vm_id: 'a' },
  ...{ vm_name: 'one', parameters: '{}', result: 'ok' },
};

/** What a daemon wrote into the tables that each migration made. */
const fills: Readonly<Record<string, Fill>> = {
  '0001-first': async (db) => {
    await db.insertInto('images').values(image).execute();
    const { autostart: _autostart, stopped_boot_id: _stoppedBootId, ...first } = vm;
    await db.insertInto('vms').values(first).execute();
    const event = { time_ms: 5, vm_id: 'a', kind: 'vm.started', message: 'é “quoted”' };
    await db.insertInto('events').values(event).execute();
    const operation = {
      ...{ id: 'o', kind: 'vm.create', state: 'succeeded', target: 'one', vm_id: 'a', stage: '', progress: 0.5 },
      ...{ log: '[]', error: null, started_ms: 2 ** 40, ended_ms: 2 ** 40 + 1 },
    } as const;
    await db.insertInto('operations').values(operation).execute();
  },
  '0002-history': (db) =>
    db
      .insertInto('history_blocks')
      .values({ vm_id: 'a', step_ms: 5000, start_ms: 2 ** 41, data: new Uint8Array([0, 255, 128]) })
      .execute(),
  '0003-access': async (db) => {
    const user = { name: 'ann', created_ms: 1, last_login_ms: null, disabled: 0, password: 'hash' } as const;
    await db.insertInto('users').values(user).execute();
    await db.insertInto('role_bindings').values({ user_name: 'ann', role: 'viewer', scope: '*' }).execute();
    const audit = new AuditRepository(db);
    for (let count = 0; count < 3; count++) await audit.append(entry);
  },
  '0004-runs': (db) =>
    db
      .insertInto('runs')
      .values({ id: 'r', user_name: 'ann', title: 't', spec: '{}', state: 'succeeded', started_ms: 1, ended_ms: 2 })
      .execute(),
  '0005-autostart': (db) => db.updateTable('vms').set({ autostart: 1, stopped_boot_id: 'boot' }).execute(),
  '0006-facts-and-intents': (db) => db.insertInto('facts').values({ name: 'data-folder', value: 'f' }).execute(),
  '0007-event-counts': (db) => db.updateTable('events').set({ count: 37, first_ms: 3 }).execute(),
};

/** A database of every earlier version, with what was in it, is brought to the newest and loses nothing. */
export function describeMigrations(name: string, make: () => Promise<EmptyDatabase>): void {
  describe(name, async () => {
    const versions = Object.keys(await migrationProvider.getMigrations());

    it('has something of every version to lose', () => {
      assert.deepEqual(Object.keys(fills), versions);
    });

    for (const [index, version] of versions.entries()) {
      it(`keeps what was in a database of version ${version}`, async () => {
        const { address, dialect } = await make();
        const filled = versions.slice(0, index + 1);
        await fillAt(dialect(), version, filled);
        // The second time there is nothing left to do.
        for (let opening = 0; opening < 2; opening++) await checkAll(address, filled);
      });
    }
  });
}

async function fillAt(dialect: Dialect, version: string, filled: readonly string[]): Promise<void> {
  const db = new Kysely<Schema>({ dialect });
  try {
    const { error } = await new Migrator({ db, provider: migrationProvider }).migrateTo(version);
    assert.equal(error, undefined);
    for (const each of filled) await fills[each]?.(db);
  } finally {
    await db.destroy();
  }
}

async function checkAll(address: string, filled: readonly string[]): Promise<void> {
  await using store = await openStore(address);
  const marked = filled.includes('0005-autostart') ? { autostart: 1, stopped_boot_id: 'boot' } : {};
  assert.deepEqual({ ...(await store.vms.list())[0] }, { ...vm, ...marked });
  assert.deepEqual({ ...(await store.images.find('tiny')) }, image);
  const [event] = await store.events.list('a', 10);
  assert.deepEqual([event?.time_ms, event?.message], [5, 'é “quoted”']);
  const operation = await store.operations.find('o');
  assert.deepEqual([operation?.state, operation?.progress, operation?.started_ms], ['succeeded', 0.5, 2 ** 40]);
  const block = await store.history.find('a', 5000, 2 ** 41);
  assert.deepEqual(block && [...block.data], filled.includes('0002-history') ? [0, 255, 128] : undefined);
  const hasUsers = filled.includes('0003-access');
  assert.equal((await store.users.find('ann'))?.password, hasUsers ? 'hash' : undefined);
  assert.deepEqual(await store.audit.verify(), { entries: hasUsers ? 3 : 0, brokenAtId: undefined });
  assert.equal((await store.runs.find('r'))?.title, filled.includes('0004-runs') ? 't' : undefined);
  assert.equal(await store.facts.dataFolder(), filled.includes('0006-facts-and-intents') ? 'f' : undefined);
}
