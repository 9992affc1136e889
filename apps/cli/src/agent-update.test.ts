import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperationState } from '@innkeeper/contract/control';
import { callError, startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { runInn } from './testing/run-inn.ts';

describe('inn agent update', () => {
  it('agents are updated in batches until too many have failed, and the rest is listed as skipped', async () => {
    const asked: string[] = [];
    let open = 0;
    let most = 0;
    await using daemon = await startFakeDaemon({
      vms: {
        listVms: ({ filter }) => ({
          vms: filter === 'agent:outdated' ? ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({ id: name, name })) : [],
        }),
        updateAgent: async ({ vm }) => {
          asked.push(vm);
          most = Math.max(most, ++open);
          await new Promise((resolve) => setImmediate(resolve));
          open--;
          if (vm === 'b' || vm === 'c') throw callError('UPDATE_UNTRUSTED', `${vm} trusts nobody`);
          return { id: vm, state: OperationState.SUCCEEDED, stage: 'the agent was 1 and is 2', log: [] };
        },
      },
      operations: {
        getOperation: ({ id }) => ({ id, state: OperationState.SUCCEEDED, stage: 'the agent was 1 and is 2' }),
        async *watchOperation({ id }) {
          yield { id, state: OperationState.SUCCEEDED, stage: 'the agent was 1 and is 2' };
        },
      },
    });
    const run = async (...words: string[]) => await runInn(daemon.socketPath, ['agent', 'update', ...words]);
    const { stdout, exitCode } = await run('--all', '--batch', '2', '--max-failures', '1', '-o', 'json');
    const rows = JSON.parse(stdout) as { vm: string; result: string; detail: string }[];
    assert.deepEqual(
      rows.map(({ vm, result }) => `${vm} ${result}`),
      ['a updated', 'b failed', 'c failed', 'd updated', 'e skipped', 'f skipped'],
    );
    assert.match(rows[1]?.detail ?? '', /UPDATE_UNTRUSTED.*b trusts nobody/);
    assert.deepEqual([asked, most > 2, exitCode], [['a', 'b', 'c', 'd'], false, 4]);

    const one = await run('a');
    assert.match(one.stdout, /^VM +RESULT +DETAIL\na +updated +the agent was 1 and is 2\n$/);
    assert.equal(one.exitCode, 0);
  });

  it('either VMs or --all must be given, and batches are bounded', async () => {
    await using daemon = await startFakeDaemon({ vms: { listVms: () => ({ vms: [] }) } });
    for (const words of [
      [],
      ['a', '--all'],
      ['a', '--batch', '0'],
      ['a', '--batch', '65'],
      ['a', '--max-failures', 'x'],
    ])
      assert.equal((await runInn(daemon.socketPath, ['agent', 'update', ...words])).exitCode, 2, words.join(' '));
    const none = await runInn(daemon.socketPath, ['agent', 'update', '--all']);
    assert.deepEqual([none.exitCode, none.stderr], [0, 'No agent is outdated.\n']);
  });
});
