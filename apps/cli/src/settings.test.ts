import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createClient, type InnkeeperClient } from '@innkeeper/client';
import { OperationState } from '@innkeeper/contract/control';
import { startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { type ServedApi, serveApi } from '../../innkeeper/src/api/testing/serve-api.ts';
import { runInn } from './testing/run-inn.ts';

describe('inn commands that change settings', { timeout: 120_000 }, () => {
  let api: ServedApi;
  let client: InnkeeperClient;
  before(async () => {
    api = await serveApi({});
    client = createClient({ socketPath: api.socketPath });
    await api.createVm('one', { agent: false, tags: { old: '' } });
    await api.createVm('two', { agent: false });
  });
  after(() => api[Symbol.asyncDispose]());

  const inn = (words: readonly string[], input = '') => runInn(api.socketPath, words, { input });
  const vm = (name: string) => client.vms.getVm({ vm: name });

  it('inn set changes tags of many VMs at once, running or not', async () => {
    const { exitCode, stdout } = await inn([
      'set',
      'one',
      'two',
      '--tag',
      'env=prod',
      '--tag',
      'web',
      '--untag',
      'old',
    ]);
    assert.equal(exitCode, 0);
    assert.match(stdout, /^one: tag env=prod is set, tag web is set, tag old is removed\.\ntwo: /);
    for (const name of ['one', 'two']) assert.deepEqual((await vm(name)).tags, { env: 'prod', web: '' });
    assert.equal((await inn(['ls', '--filter', 'tag=env=prod', '-o', 'name'])).stdout, 'one\ntwo\n');
    assert.equal((await inn(['ls', '--filter', 'tag:env=prod', '-o', 'name'])).stdout, 'one\ntwo\n');
  });

  it('inn set and inn rename change a stopped VM, and say to stop one that runs', async () => {
    const running = await inn(['set', 'two', '--cpus', '4']);
    assert.equal(running.exitCode, 5);
    assert.match(running.stderr, /"two" is running; this needs a stopped VM: CPUs.*\(VM_WRONG_STATE\)\n.*inn stop two/);
    assert.equal((await inn(['kill', 'two'])).exitCode, 0);
    assert.equal(
      (await inn(['set', 'two', '--cpus', '4', '--memory', '1G'])).stdout,
      'two: CPUs are 4, memory is 1G.\n',
    );
    assert.equal((await inn(['rename', 'two', 'three'])).stdout, 'two is now named three.\n');
    assert.equal((await inn(['set', 'three', '--name', 'four'])).stdout, 'three is now named four.\n');
    const { cpus, memoryBytes, name } = await vm('four');
    assert.deepEqual([cpus, memoryBytes, name], [4, 2n ** 30n, 'four']);
    assert.equal((await inn(['rename', 'four', 'one'])).exitCode, 5);
    for (const words of [
      ['set', 'one', 'four', '--name', 'x'],
      ['set', 'one', '--tag', '=x'],
      ['set', 'one', '--cpus', '0'],
    ]) {
      assert.equal((await inn(words)).exitCode, 2, words.join(' '));
    }
  });

  it('inn role and inn user set change roles, logins and passwords', async () => {
    assert.match((await inn(['role', 'set', 'reader', '--privilege', 'vm.view'])).stdout, /reader has 1 privilege\./);
    assert.match((await inn(['role', 'ls'])).stdout, /^reader +own +vm\.view/m);
    await inn(['user', 'create', 'eve']);
    // The scope is spelled as a filter would be.
    assert.equal((await inn(['user', 'set', 'eve', '--role', 'reader@tag=web', '--login', 'off'])).exitCode, 0);
    assert.equal((await inn(['user', 'set', 'eve', '--password', 'set'], 'long enough for a test\n')).exitCode, 0);
    const eve = (await client.access.listUsers({})).users.find(({ name }) => name === 'eve');
    const roles = eve?.roles.map(({ role, scope }) => `${role}@${scope}`);
    assert.deepEqual([roles, eve?.disabled, eve?.hasPassword], [['reader@tag:web'], true, true]);
    await inn(['user', 'set', 'eve', '--password', 'none', '--role', 'viewer', '--login', 'on']);
    assert.equal((await inn(['role', 'rm', 'reader'])).exitCode, 0);
    assert.equal((await inn(['user', 'set', 'eve'])).exitCode, 2);
    assert.equal((await inn(['role', 'set', 'none'])).exitCode, 2);
  });

  it('the notes of an operation are printed on standard error after it has ended', async () => {
    const note = 'note: the root keeps its size';
    const ended = { id: 'op', kind: 'vm.create', target: 'x', state: OperationState.SUCCEEDED, log: ['making', note] };
    await using daemon = await startFakeDaemon({
      vms: { createVm: () => ({ ...ended, state: OperationState.RUNNING }), getVm: () => ({ name: 'x' }) },
      operations: {
        getOperation: () => ended,
        async *watchOperation() {
          yield ended;
        },
      },
    });
    const { stdout, stderr } = await runInn(daemon.socketPath, ['create', 'x', '--image', 'tiny', '--disk', '2G']);
    assert.deepEqual([stdout, stderr], ['x is created. Start it: inn start x\n', `${note}\n`]);
  });
});
