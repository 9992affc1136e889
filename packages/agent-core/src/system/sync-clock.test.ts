import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SystemServiceLite } from '@innkeeper/contract/agent-lite';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';

const { syncClock } = SystemServiceLite;
const second = 1_000_000_000n;

/** A guest in which a process of this name runs; commands succeed. */
function guestWith(comm: string, ...commands: string[]): FakeHost {
  const host = new FakeHost();
  host.files.put('/proc/77/comm', `${comm}\n`);
  for (const command of commands) host.jobs.results.set(command, {});
  return host;
}

async function sync(host: FakeHost, meanwhile: () => void = () => undefined) {
  const { node } = await startFakeAgent(host);
  const call = await node.open(syncClock, {});
  meanwhile();
  await host.clock.advance(20_000);
  assert.equal(call.reason, '');
  const [answer] = call.messages;
  assert.ok(answer);
  return answer;
}

describe('SyncClock', () => {
  it('a time is set as it is, and the answer says by how much the clock moved', async () => {
    const { host, node } = await startFakeAgent();
    const target = host.clock.wallTimeNs() + 7200n * second;
    const [answer] = (await node.open(syncClock, { setUnixNs: target })).messages;
    assert.deepEqual([answer?.wallTimeUnixNs, answer?.movedNs, answer?.service], [target, 7200n * second, '']);
    assert.equal((await node.open(syncClock, { setUnixNs: -1n })).reason, 'INVALID_ARGUMENT');
    assert.deepEqual(host.jobs.ran, []);
  });

  it('chrony measures, steps and is waited for', async () => {
    const steps = ['burst 2/2', 'makestep', 'waitsync 10 0.1 0 0.5'].map((rest) => `/usr/bin/chronyc ${rest}`);
    const host = guestWith('chronyd', ...steps);
    const answer = await sync(host, () => host.clock.setWallTimeNs(host.clock.wallTimeNs() + second));
    assert.deepEqual(
      [answer.service, answer.synchronized, answer.movedNs, answer.detail],
      ['chrony', true, second, ''],
    );
    assert.deepEqual(host.jobs.ran, steps);
  });

  it('a chrony without a source that answers is not called synchronized', async () => {
    const host = guestWith('chronyd', '/usr/bin/chronyc burst 2/2', '/usr/bin/chronyc makestep');
    host.jobs.results.set('/usr/bin/chronyc waitsync 10 0.1 0 0.5', { exitCode: 1 });
    const answer = await sync(host);
    assert.deepEqual([answer.service, answer.synchronized], ['chrony', false]);
  });

  it('a chrony that refuses is named with what it says', async () => {
    const host = guestWith('chronyd');
    host.jobs.results.set('/usr/bin/chronyc burst 2/2', { exitCode: 1, stdout: '501 Not authorised\n' });
    const answer = await sync(host);
    assert.deepEqual([answer.synchronized, answer.detail], [false, '/usr/bin/chronyc burst 2/2: 501 Not authorised']);
  });

  it('systemd-timesyncd is restarted by its unit, and is synchronized when it notes that', async () => {
    const command = '/bin/systemctl restart systemd-timesyncd.service';
    for (const [notes, expected] of [
      [true, true],
      [false, false],
    ] as const) {
      const host = guestWith('systemd-timesyn', command);
      host.files.put('/proc/77/cgroup', '0::/system.slice/systemd-timesyncd.service\n');
      const stamp = '/run/systemd/timesync/synchronized';
      host.files.put(stamp, '', { modifiedNs: 1n });
      const answer = await sync(host, () => notes && host.files.put(stamp, '', { modifiedNs: 2n }));
      assert.deepEqual([answer.service, answer.synchronized], ['systemd-timesyncd', expected]);
      assert.deepEqual(host.jobs.ran, [command]);
    }
  });

  it('ntpd is restarted by its init script, and is synchronized when it has moved the clock', async () => {
    const host = guestWith('ntpd', '/etc/init.d/ntpsec restart');
    host.files.put('/etc/init.d/ntpsec', '', { mode: 0o755 });
    const answer = await sync(host, () => host.clock.setWallTimeNs(host.clock.wallTimeNs() - 3n * second));
    assert.deepEqual([answer.service, answer.synchronized, answer.movedNs], ['ntpd', true, -3n * second]);
  });

  it('without a service ntpdate is run with the servers of its own configuration', async () => {
    const host = new FakeHost();
    host.files.put('/usr/sbin/ntpdate', '', { mode: 0o755 });
    host.files.put('/etc/ntp/step-tickers', '# servers\n-q $(reboot) 0.pool.example\n');
    host.jobs.results.set('/usr/sbin/ntpdate -b 0.pool.example', {});
    assert.equal((await sync(host)).service, 'ntpdate');
  });

  it('a guest without any time service answers at once', async () => {
    const { host, node } = await startFakeAgent();
    const [answer] = (await node.open(syncClock, {})).messages;
    assert.deepEqual([answer?.service, answer?.synchronized, answer?.movedNs], ['', false, 0n]);
    assert.deepEqual(host.jobs.ran, []);
  });
});
