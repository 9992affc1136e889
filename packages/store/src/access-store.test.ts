import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, it } from 'node:test';
import { openStore, type Store } from './open-store.ts';

const user = { name: 'anna', created_ms: 1, last_login_ms: null, disabled: 0, password: null };
const entry = {
  time_ms: 1,
  user_name: 'anna',
  via: 'session',
  address: '::1',
  action: 'login',
  vm_id: '',
  vm_name: '',
  parameters: '{}',
  result: 'ok',
};

describe('users', () => {
  let store: Store;
  before(async () => {
    store = await openStore(':memory:');
    await store.users.insert(user, [
      { role: 'viewer', scope: '*' },
      { role: 'viewer', scope: '*' },
    ]);
  });
  after(() => store[Symbol.asyncDispose]());

  it('user names are unique, and a user holds a role in a scope only once', async () => {
    await assert.rejects(store.users.insert(user, []), { reason: 'ACCOUNT_NAME_TAKEN' });
    assert.equal((await store.users.bindings('anna')).length, 1);
  });

  it('a user is unchanged when the check rejects a change', async () => {
    const refuse = (): never => {
      throw new Error('not so');
    };
    const change = { bindings: [{ role: 'administrator', scope: '*' }], disabled: true, password: 'x' };
    await assert.rejects(store.users.change('anna', change, refuse), /not so/);
    await assert.rejects(store.users.change('anna', 'remove', refuse), /not so/);
    assert.deepEqual({ ...(await store.users.find('anna')) }, user);
    assert.equal((await store.users.bindings('anna'))[0]?.role, 'viewer');
  });

  it('deleting a user deletes the sessions, tokens, role bindings and login links', async () => {
    const session = { address: '', user_agent: '', created_ms: 1, last_seen_ms: 1 };
    const token = {
      privileges: '[]',
      scope: '*',
      allowed_commands: '[]',
      created_ms: 1,
      expires_ms: 9,
      last_used_ms: null,
    };
    await store.sessions.insert({ id: 's', hash: 's', user_name: 'anna', ...session });
    await store.tokens.insert({ id: 't', hash: 't', user_name: 'anna', name: 'ci', ...token });
    await store.sessions.insertLink({ hash: 'l', user_name: 'anna', expires_ms: 9 });
    await store.users.change('anna', 'remove', () => undefined);
    assert.deepEqual(await store.sessions.list('anna'), []);
    assert.deepEqual(await store.tokens.list(), []);
    assert.deepEqual(await store.users.bindings(), []);
    assert.equal(await store.sessions.takeLink('l'), undefined);
  });
});

describe('the chain of the audit', () => {
  it('verifying the audit finds the first entry that was changed, removed or inserted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'innkeeper-audit-'));
    try {
      for (const [brokenAtId, change] of [
        [3, "update audit set user_name = 'bert' where id = 3"],
        [3, "update audit set result = 'LOGIN_FAILED' where id = 3"],
        [3, 'update audit set time_ms = 0 where id = 3'],
        [3, 'delete from audit where id = 3'],
        [1, 'delete from audit where id < 3'],
        [4, 'update audit set hash = (select hash from audit where id = 5) where id = 4'],
        [undefined, 'update audit set id = id'],
      ] as const) {
        const path = join(folder, `${Math.random()}.db`);
        await using store = await openStore(path);
        for (let count = 0; count < 6; count += 1) await store.audit.append(entry);
        const database = new DatabaseSync(path);
        database.exec(change);
        database.close();
        assert.equal((await store.audit.verify()).brokenAtId, brokenAtId, change);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('the chain of the audit continues after a restart', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'innkeeper-audit-'));
    try {
      for (let start = 0; start < 3; start += 1) {
        await using store = await openStore(join(folder, 'a.db'));
        await store.audit.append(entry);
      }
      await using store = await openStore(join(folder, 'a.db'));
      assert.deepEqual(await store.audit.verify(), { entries: 3, brokenAtId: undefined });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
