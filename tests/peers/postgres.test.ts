import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openStore } from '@innkeeper/store';
import { postgresDialect } from '../../packages/store/src/open-postgres.ts';
import { describeMigrations } from '../../packages/store/src/testing/describe-migrations.ts';
import { describeStore } from '../../packages/store/src/testing/describe-store.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';

describe('PostgreSQL', () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server[Symbol.asyncDispose]());

  describeStore('a store in PostgreSQL', async () => openStore(await server.createDatabase()));

  describeMigrations('migrations in PostgreSQL', async () => {
    const address = await server.createDatabase();
    return { address, dialect: () => postgresDialect(address, () => undefined) };
  });

  it('two control planes on PostgreSQL change users concurrently, and one administrator is kept', async () => {
    const address = await server.createDatabase();
    await using one = await openStore(address);
    await using two = await openStore(address);
    const stores = [one, two];
    const role = (index: number) => ({ name: `r${index}`, description: '', privileges: '[]' });
    const user = (name: string) => ({ name, created_ms: 1, last_login_ms: null, disabled: 0, password: null });
    await Promise.all([one.users.insert(user('a'), []), two.users.insert(user('b'), [])]);
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => stores[index % 2]?.roles.save(role(index % 5), () => undefined)),
    );
    assert.equal((await one.roles.list()).length, 5);
    const results = await Promise.allSettled(
      stores.map((store, index) =>
        store.users.change(index === 0 ? 'a' : 'b', { disabled: true }, (_before, { users }) => {
          if (users.every(({ disabled }) => disabled === 1)) throw new Error('nobody is left');
        }),
      ),
    );
    const failed = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
    assert.deepEqual(failed, ['Error: nobody is left']);
  });

  it('two daemons on PostgreSQL see the same data, and neither loses the other’s writes', async () => {
    const address = await server.createDatabase();
    await using one = await openStore(address);
    await using two = await openStore(address);
    const entry = {
      time_ms: 1,
      user_name: 'me',
      via: 'socket',
      address: '',
      action: 'x',
      vm_id: '',
      vm_name: '',
      parameters: '{}',
      result: 'ok',
    };
    await Promise.all(Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? one : two).audit.append(entry)));
    assert.deepEqual(await two.audit.verify(), { entries: 40, brokenAtId: undefined });
    await one.events.insert({ time_ms: 7, vm_id: 'a', kind: 'vm.started', message: '' });
    assert.equal((await two.events.list('a', 10))[0]?.time_ms, 7);
  });
});
