import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UnitBoot, UnitState } from '@innkeeper/contract/agent';
import { callError, startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { runInn } from './testing/run-inn.ts';

const units = [
  { name: 'nginx.service', description: 'Web\u0007', state: UnitState.RUNNING, boot: UnitBoot.ENABLED, pid: 7 },
  { name: 'odd', state: UnitState.UNSPECIFIED, boot: UnitBoot.UNSPECIFIED },
  { name: 'bad.service', state: UnitState.FAILED, boot: UnitBoot.DISABLED },
];

describe('inn services', () => {
  it('inn services ls lists all pages, with unknown values as dashes, and filters by state', async () => {
    await using daemon = await startFakeDaemon({
      guestUnits: {
        list: ({ pageToken }) => ({
          units: pageToken === '' ? units.slice(0, 2) : units.slice(2),
          nextPageToken: pageToken === '' ? 'odd' : '',
          initSystem: 'systemd',
        }),
      },
    });
    const { stdout } = await runInn(daemon.socketPath, ['services', 'ls', 'one']);
    assert.match(stdout, /^NAME .*\nnginx\.service {2}running {2}enabled +7 +– +Web·\nodd +– +– +– +–\nbad\.service/);
    const named = await runInn(daemon.socketPath, ['services', 'ls', 'one', '--state', 'failed', '-o', 'name']);
    assert.equal(named.stdout, 'bad.service\n');
    const none = await runInn(daemon.socketPath, ['services', 'ls', 'one', '--state', 'starting']);
    assert.deepEqual([none.stdout, none.stderr], ['', 'No service is starting.\n']);
    const json = await runInn(daemon.socketPath, ['services', 'ls', 'one', '-o', 'json']);
    const rows = JSON.parse(json.stdout) as Record<string, unknown>[];
    assert.deepEqual([rows[0]?.['state'], 'pid' in (rows[1] ?? {})], ['UNIT_STATE_RUNNING', false]);
  });

  it('inn services stop acts on one service after the other, and prints what was done before an error', async () => {
    const asked: unknown[] = [];
    await using daemon = await startFakeDaemon({
      guestUnits: {
        control({ name, action, timeoutMs }) {
          asked.push([name, action, timeoutMs]);
          if (name === 'own') throw callError('UNIT_PROTECTED', 'own is the agent itself.');
          return { unit: { name, state: UnitState.STOPPED, boot: UnitBoot.ENABLED } };
        },
      },
    });
    const words = ['services', 'stop', 'one', 'a', 'own', 'b', '--timeout', '2s', '-o', 'json'];
    const { exitCode, stdout, stderr } = await runInn(daemon.socketPath, words);
    assert.deepEqual(asked, [
      ['a', 2, 2000],
      ['own', 2, 2000],
    ]);
    assert.notEqual(exitCode, 0);
    assert.equal((JSON.parse(stdout) as unknown[]).length, 1);
    assert.equal((JSON.parse(stderr) as { error: { reason: string } }).error.reason, 'UNIT_PROTECTED');
    for (const [verb, action] of [
      ['start', 1],
      ['restart', 3],
      ['enable', 4],
      ['disable', 5],
    ] as const) {
      assert.equal((await runInn(daemon.socketPath, ['services', verb, 'one', 'a'])).exitCode, 0);
      assert.deepEqual(asked.at(-1), ['a', action, 0], verb);
    }
  });

  it('inn services show prints the last lines of the log, or why there are none', async () => {
    const guestUnits = { get: () => ({ unit: units[2], log: ['one\u001b[31m', 'two'] }) };
    await using daemon = await startFakeDaemon({ guestUnits });
    const { stdout } = await runInn(daemon.socketPath, ['services', 'show', 'one', 'bad']);
    assert.match(stdout, /^NAME .*\nbad\.service +failed[\s\S]*\n\none·\[31m\ntwo\n$/);
    await using other = await startFakeDaemon({
      guestUnits: { get: () => ({ unit: units[1], logMissing: 'no log' }) },
    });
    assert.equal((await runInn(other.socketPath, ['services', 'show', 'one', 'odd'])).stderr, 'No log: no log.\n');
  });
});
