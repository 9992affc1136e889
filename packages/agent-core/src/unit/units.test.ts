import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UnitAction, UnitBoot, UnitServiceLite, UnitState } from '@innkeeper/contract/agent-lite';
import { capabilitiesOf } from '../capabilities.ts';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';

const { list, get, control } = UnitServiceLite;
const properties =
  'Id,Description,LoadState,ActiveState,SubState,UnitFileState,MainPID,MemoryCurrent,StateChangeTimestampMonotonic,ExecMainCode,ExecMainStatus,NRestarts';
const show = (names: string, asked = properties): string =>
  `/bin/systemctl show --no-pager --all --property=${asked} -- ${names}`;
const does = (verb: string, name: string): string => `/bin/systemctl --no-pager --no-ask-password ${verb} -- ${name}`;

interface Block {
  readonly id: string;
  readonly active?: string;
  readonly sub?: string;
  readonly file?: string;
  readonly more?: string;
}

const block = ({ id, active = 'active', sub = 'running', file = 'enabled', more = '' }: Block): string =>
  `Id=${id}\nDescription=About ${id}\nLoadState=loaded\nActiveState=${active}\nSubState=${sub}\nUnitFileState=${file}\n${more}\n`;

/** A guest with systemd, and the answers of its systemctl. */
function systemd(answers: Readonly<Record<string, object>>): FakeHost {
  const host = new FakeHost();
  host.files.putFolder('/run/systemd/system');
  for (const name of ['systemctl', 'journalctl']) host.files.put(`/bin/${name}`, '', { mode: 0o755 });
  for (const [line, result] of Object.entries(answers)) host.jobs.results.set(line, result);
  return host;
}

const nginx = block({
  id: 'nginx.service',
  more: 'MainPID=77\nMemoryCurrent=4096\nStateChangeTimestampMonotonic=2000000\nNRestarts=3\n',
});
const failed = block({
  id: 'broken.service',
  active: 'failed',
  sub: 'failed',
  more: 'MainPID=0\nMemoryCurrent=[not set]\nStateChangeTimestampMonotonic=0\nExecMainCode=1\nExecMainStatus=3\n',
});

describe('services of systemd', () => {
  it('services are listed with those that are installed and not loaded, without templates and aliases', async () => {
    const host = systemd({
      [show('*.service', 'Id,LoadState')]: {
        stdout: 'Id=nginx.service\nLoadState=loaded\n\nId=gone.service\nLoadState=not-found\n',
      },
      [show('broken.service nginx.service')]: { stdout: `${failed}\n${nginx}` },
    });
    host.files.put('/lib/systemd/system/broken.service', '');
    host.files.put('/lib/systemd/system/getty@.service', '');
    host.files.put('/lib/systemd/system/x.socket', '');
    host.files.putFolder('/etc/systemd/system');
    host.files.putLink('/etc/systemd/system/www.service', '/lib/systemd/system/nginx.service');
    const { node } = await startFakeAgent(host);
    const [answer] = (await node.open(list, {})).messages;
    assert.deepEqual([answer?.initSystem, answer?.total, answer?.nextPageToken], ['systemd', 2, '']);
    const [broken, running] = answer?.units ?? [];
    assert.deepEqual(
      [broken?.state, broken?.exitCode, broken?.pid, broken?.memoryBytes, broken?.sinceUnixNs, broken?.restarts],
      [UnitState.FAILED, 3, undefined, undefined, undefined, undefined],
      'what is not known is absent',
    );
    assert.deepEqual(
      [running?.state, running?.boot, running?.pid, running?.memoryBytes, running?.restarts, running?.agent],
      [UnitState.RUNNING, UnitBoot.ENABLED, 77, 4096n, 3, false],
    );
    assert.ok((running?.sinceUnixNs ?? 0n) > 0n);
  });

  it('a number of systemd that its field does not hold is absent', async () => {
    const [pid, memory, since, restarts] = ['9999999999', '18446744073709551615', '9'.repeat(20), '9'.repeat(10)];
    const more = `MainPID=${pid}\nMemoryCurrent=${memory}\nStateChangeTimestampMonotonic=${since}\nNRestarts=${restarts}\n`;
    const host = systemd({
      [show('*.service', 'Id,LoadState')]: { stdout: 'Id=x.service\nLoadState=loaded\n' },
      [show('x.service')]: { stdout: block({ id: 'x.service', more }) },
    });
    const { node } = await startFakeAgent(host);
    const unit = (await node.open(list, {})).messages[0]?.units[0];
    assert.deepEqual(
      [unit?.state, unit?.pid, unit?.memoryBytes, unit?.sinceUnixNs, unit?.restarts],
      [UnitState.RUNNING, undefined, undefined, undefined, undefined],
    );
  });

  it('services are paged by name', async () => {
    const names = ['a.service', 'b.service', 'c.service'];
    const host = systemd({
      [show('*.service', 'Id,LoadState')]: { stdout: names.map((id) => `Id=${id}\n\n`).join('') },
      [show('a.service b.service')]: {
        stdout: names
          .slice(0, 2)
          .map((id) => block({ id }))
          .join('\n'),
      },
      [show('c.service')]: { stdout: block({ id: 'c.service' }) },
    });
    const { node } = await startFakeAgent(host);
    const [first] = (await node.open(list, { pageSize: 2 })).messages;
    assert.deepEqual([first?.nextPageToken, first?.total], ['b.service', 3]);
    const [rest] = (await node.open(list, { pageSize: 2, pageToken: 'b.service' })).messages;
    assert.deepEqual([rest?.units.map(({ name }) => name), rest?.nextPageToken], [['c.service'], '']);
  });

  it('a description of any length leaves the list within an answer, and what does not fit is on the next page', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `u${100 + index}.service`);
    const long = (id: string): string => `Id=${id}\nDescription=${'\u20ac'.repeat(900)}\nLoadState=loaded\n`;
    const host = systemd({
      [show('*.service', 'Id,LoadState')]: { stdout: names.map((id) => `Id=${id}\n\n`).join('') },
      [show(names.slice(0, 32).join(' '))]: { stdout: names.slice(0, 32).map(long).join('\n') },
      [show(names.slice(32).join(' '))]: { stdout: names.slice(32).map(long).join('\n') },
    });
    const { node } = await startFakeAgent(host);
    const [first] = (await node.open(list, {})).messages;
    assert.equal(first?.nextPageToken, first?.units.at(-1)?.name);
    assert.ok((first?.units.length ?? 0) > 20 && (first?.units.length ?? 0) < 60);
  });

  it('a service is started, and shown as it is afterwards; ".service" may be left out', async () => {
    const host = systemd({
      [show('nginx.service')]: { stdout: nginx },
      [does('start', 'nginx.service')]: {},
    });
    const { node } = await startFakeAgent(host);
    const call = await node.open(control, { name: 'nginx', action: UnitAction.START });
    assert.deepEqual([call.messages[0]?.unit?.name, call.reason], ['nginx.service', '']);
    assert.ok(host.jobs.ran.includes(does('start', 'nginx.service')));
  });

  it('a start that systemd refuses, and one after which the service has failed, are errors with the reason', async () => {
    const host = systemd({
      [show('nginx.service')]: { stdout: nginx },
      [does('start', 'nginx.service')]: { exitCode: 1, stderr: 'Job for nginx.service failed.' },
      [show('broken.service')]: { stdout: failed },
      [does('restart', 'broken.service')]: {},
    });
    const { node } = await startFakeAgent(host);
    const refused = await node.open(control, { name: 'nginx.service', action: UnitAction.START });
    assert.equal(refused.reason, 'UNIT_FAILED');
    assert.match(refused.answers.end?.message ?? '', /Job for nginx\.service failed/);
    assert.equal((await node.open(control, { name: 'broken', action: UnitAction.RESTART })).reason, 'UNIT_FAILED');
  });

  it('a systemctl that hangs is killed at the deadline of the request, and reported', async () => {
    const host = systemd({
      [show('nginx.service')]: { stdout: nginx },
      [does('stop', 'nginx.service')]: { exitCode: undefined, timedOut: true, stderr: 'still waiting' },
    });
    const { node } = await startFakeAgent(host);
    const call = await node.open(control, { name: 'nginx', action: UnitAction.STOP, timeoutMs: 1500 });
    assert.equal(call.reason, 'UNIT_TIMEOUT');
    assert.match(call.answers.end?.message ?? '', /systemctl was killed.*still waiting/);
    assert.equal(host.jobs.timeouts.at(-1), 1500);
    host.jobs.results.set(show('nginx.service'), { exitCode: undefined, timedOut: true });
    assert.equal((await node.open(get, { name: 'nginx' })).reason, 'UNIT_TIMEOUT', 'a question that is not answered');
    host.jobs.results.set(show('nginx.service'), { stdout: nginx });
    const late = await node.open(control, { name: 'nginx', action: UnitAction.STOP, timeoutMs: 300_001 });
    assert.equal(late.reason, 'INVALID_ARGUMENT');
  });

  it('the agent’s own service is not stopped, restarted or disabled, whatever its name; starting it is possible', async () => {
    const host = systemd({
      [show('other.service')]: { stdout: block({ id: 'other.service' }) },
      // An alias.
      [show('alias.service')]: { stdout: block({ id: 'innkeeper-agent.service' }) },
      [show('innkeeper-agent.service')]: { stdout: block({ id: 'innkeeper-agent.service' }) },
      [does('start', 'innkeeper-agent.service')]: {},
    });
    host.files.put('/proc/self/cgroup', '0::/system.slice/other.service/agent\n');
    const { node } = await startFakeAgent(host);
    for (const name of ['other.service', 'alias', 'innkeeper-agent'])
      for (const action of [UnitAction.STOP, UnitAction.RESTART, UnitAction.DISABLE]) {
        const call = await node.open(control, { name, action });
        assert.equal(call.reason, 'UNIT_PROTECTED', `${name} ${action}`);
        assert.match(call.answers.end?.message ?? '', /inn console/);
      }
    assert.equal((await node.open(control, { name: 'alias', action: UnitAction.START })).reason, '');
  });

  it('services that end the guest are not started', async () => {
    const host = systemd({ [show('systemd-poweroff.service')]: { stdout: block({ id: 'systemd-poweroff.service' }) } });
    const { node } = await startFakeAgent(host);
    const call = await node.open(control, { name: 'systemd-poweroff', action: UnitAction.START });
    assert.equal(call.reason, 'UNIT_PROTECTED');
  });

  it('enabling what other units start, or what does not become enabled, is an error', async () => {
    const host = systemd({
      [show('fixed.service')]: { stdout: block({ id: 'fixed.service', file: 'static' }) },
      [show('off.service')]: { stdout: block({ id: 'off.service', file: 'disabled' }) },
      [does('enable', 'off.service')]: {},
    });
    const { node } = await startFakeAgent(host);
    for (const name of ['fixed', 'off'])
      assert.equal((await node.open(control, { name, action: UnitAction.ENABLE })).reason, 'UNIT_FAILED', name);
    assert.ok(!host.jobs.ran.includes(does('enable', 'fixed.service')));
  });

  it('a service is shown with the last lines of its log, or why there are none', async () => {
    const journal = '/bin/journalctl --no-pager -q -o short-iso -n 20 -u nginx.service';
    const host = systemd({
      [show('nginx.service')]: { stdout: nginx },
      [show('none.service')]: { stdout: 'Id=none.service\nLoadState=not-found\n' },
      [journal]: { stdout: `one\n${'x'.repeat(5000)}\n` },
    });
    const { node } = await startFakeAgent(host);
    const [answer] = (await node.open(get, { name: 'nginx' })).messages;
    assert.deepEqual([answer?.log.map(({ length }) => length), answer?.logMissing], [[3, 1000], '']);
    host.jobs.results.set(journal, { exitCode: 1, stderr: 'No journal files were found.' });
    const [without] = (await node.open(get, { name: 'nginx' })).messages;
    assert.deepEqual([without?.log, without?.logMissing], [[], 'journalctl failed: No journal files were found.']);
    assert.equal((await node.open(get, { name: 'none' })).reason, 'UNIT_NOT_FOUND');
  });
});

describe('names of services', () => {
  it('what could be an option, a path or a pattern is refused before any program is started', async () => {
    const { host, node } = await startFakeAgent(systemd({}));
    for (const name of ['', '-f', '--root=/x', '.', '../x', 'a/b', 'a b', 'a*', 'a\n', 'a\0', 'ä', 'x'.repeat(256)]) {
      assert.equal((await node.open(get, { name })).reason, 'INVALID_ARGUMENT', JSON.stringify(name));
      const call = await node.open(control, { name, action: UnitAction.STOP });
      assert.equal(call.reason, 'INVALID_ARGUMENT', JSON.stringify(name));
    }
    for (const action of [0, 6, 99])
      assert.equal((await node.open(control, { name: 'a', action: action as 1 })).reason, 'INVALID_ARGUMENT');
    assert.equal((await node.open(list, { pageSize: 1001 })).reason, 'INVALID_ARGUMENT');
    assert.equal((await node.open(list, { pageToken: '-x' })).reason, 'INVALID_ARGUMENT');
    assert.deepEqual(host.jobs.ran, []);
  });
});

const unprotected = 'echo 0 2>/dev/null >/proc/self/oom_score_adj; exec "$0" "$@"';

/** A guest with scripts in /etc/init.d. */
function scripted(...names: readonly string[]): FakeHost {
  const host = new FakeHost();
  for (const name of names)
    host.files.put(`/etc/init.d/${name}`, '#!/bin/sh\n# Short-Description: About it\n', { mode: 0o755 });
  host.files.put('/etc/init.d/README', 'no service');
  host.files.put('/etc/init.d/functions.sh', '', { mode: 0o755 });
  return host;
}

function openrc(): FakeHost {
  const host = scripted('sshd', 'crashed', 'once', 'off', 'innkeeper-agent');
  for (const name of ['rc-service', 'rc-update']) host.files.put(`/sbin/${name}`, '', { mode: 0o755 });
  for (const name of ['sshd', 'crashed', 'once']) host.files.put(`/run/openrc/started/${name}`, '');
  host.files.put('/run/openrc/daemons/sshd/001', 'exec=/usr/sbin/sshd\npidfile=/run/sshd.pid\n');
  host.files.put('/run/openrc/options/crashed/pidfile', '/run/crashed.pid');
  host.files.put('/run/sshd.pid', '1\n');
  host.files.put('/run/crashed.pid', '4000000\n');
  host.files.put('/etc/runlevels/default/sshd', '');
  return host;
}

describe('services of OpenRC and SysV init', () => {
  it('the state of an OpenRC service is read from its marks, and a dead daemon has failed', async () => {
    const { node, host } = await startFakeAgent(openrc());
    const [answer] = (await node.open(list, {})).messages;
    assert.equal(answer?.initSystem, 'openrc');
    assert.deepEqual(
      answer?.units.map(({ name, state, boot, pid, agent }) => [name, state, boot, pid, agent]),
      [
        ['crashed', UnitState.FAILED, UnitBoot.DISABLED, undefined, false],
        ['innkeeper-agent', UnitState.STOPPED, UnitBoot.DISABLED, undefined, true],
        ['off', UnitState.STOPPED, UnitBoot.DISABLED, undefined, false],
        ['once', UnitState.STARTED, UnitBoot.DISABLED, undefined, false],
        ['sshd', UnitState.RUNNING, UnitBoot.ENABLED, 1, false],
      ],
    );
    assert.equal(answer?.units[0]?.description, 'About it');
    assert.deepEqual(host.jobs.ran, [], 'nothing was started for it');
  });

  it('OpenRC services are stopped by rc-service and enabled by rc-update, once', async () => {
    const { node, host } = await startFakeAgent(openrc());
    host.jobs.results.set('/sbin/rc-service sshd status', { exitCode: 3 });
    host.jobs.results.set(`/bin/sh -c ${unprotected} /sbin/rc-service sshd stop`, {});
    const stopped = await node.open(control, { name: 'sshd', action: UnitAction.STOP });
    assert.equal(stopped.messages[0]?.unit?.state, UnitState.STOPPED);
    const before = host.jobs.ran.length;
    assert.equal((await node.open(control, { name: 'sshd', action: UnitAction.ENABLE })).reason, '');
    assert.deepEqual(
      host.jobs.ran.slice(before).filter((line) => line.includes('rc-update')),
      [],
      'it is enabled already',
    );
    host.jobs.results.set('/sbin/rc-update del sshd default', {});
    const still = await node.open(control, { name: 'sshd', action: UnitAction.DISABLE });
    assert.equal(still.reason, 'UNIT_FAILED', 'the fake rc-update removed nothing');
    host.jobs.results.set('/sbin/rc-service innkeeper-agent status', {});
    const own = await node.open(control, { name: 'innkeeper-agent', action: UnitAction.STOP });
    assert.equal(own.reason, 'UNIT_PROTECTED');
  });

  it('the state of a SysV service is unknown in the list, and asked of its script for one', async () => {
    const host = scripted('cron', 'odd');
    host.files.put('/etc/inittab', '');
    host.files.put('/etc/rc2.d/S01cron', '');
    const { node } = await startFakeAgent(host);
    const [answer] = (await node.open(list, {})).messages;
    assert.deepEqual(
      answer?.units.map(({ name, state, boot }) => [name, state, boot]),
      [
        ['cron', UnitState.UNSPECIFIED, UnitBoot.ENABLED],
        ['odd', UnitState.UNSPECIFIED, UnitBoot.DISABLED],
      ],
    );
    host.jobs.results.set('/etc/init.d/cron status', { exitCode: 0 });
    host.jobs.results.set('/etc/init.d/odd status', { exitCode: 1, stderr: 'Usage: odd start|stop' });
    const [cron] = (await node.open(get, { name: 'cron' })).messages;
    assert.deepEqual([cron?.unit?.state, cron?.logMissing], [UnitState.RUNNING, 'SysV init keeps no log of a service']);
    const [odd] = (await node.open(get, { name: 'odd' })).messages;
    assert.equal(odd?.unit?.state, UnitState.UNSPECIFIED, 'a script without a status');
    for (const name of ['README', 'functions.sh', 'none', 'a:b'])
      assert.equal((await node.open(get, { name })).reason, 'UNIT_NOT_FOUND', name);
  });

  it('a guest without services lacks the capability, with the reason, and refuses the calls', async () => {
    const host = new FakeHost();
    host.files.putFolder('/sbin');
    host.files.putLink('/sbin/init', '/bin/busybox');
    const { missing, present } = capabilitiesOf(host);
    assert.match(missing.find(({ name }) => name === 'units')?.reason ?? '', /busybox’s inittab/);
    assert.ok(!present.includes('units'));
    const { node } = await startFakeAgent(host);
    assert.equal((await node.open(list, {})).reason, 'UNSUPPORTED_BY_AGENT');
    assert.ok(capabilitiesOf(openrc()).present.includes('units'));
  });
});
