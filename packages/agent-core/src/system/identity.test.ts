import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SystemServiceLite } from '@innkeeper/contract/agent-lite';
import { until } from '@innkeeper/kit/testing';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';
import type { FakeNode } from '../fake/fake-node.ts';

const keygen = '/usr/bin/ssh-keygen';
const command = `${keygen} -A -f /etc/ssh/.innkeeper`;
const workshop = '/etc/ssh/.innkeeper/etc/ssh';
const record = '/var/lib/innkeeper-agent/vm';
const vm = { vmId: 'id-1', vmName: 'web-1', maySetHostname: true };

/** A guest with an SSH server and ids of its image; ssh-keygen makes an Ed25519 key. */
function clonedGuest(): FakeHost {
  const host = new FakeHost();
  host.files.put('/etc/hostname', 'image\n');
  host.files.put('/etc/hosts', '127.0.0.1 localhost\n127.0.1.1\timage.example image\n::1 image\n');
  host.files.put('/etc/machine-id', `${'a'.repeat(32)}\n`, { mode: 0o444 });
  for (const type of ['rsa', 'ed25519', 'dsa'])
    for (const end of ['', '.pub']) host.files.put(`/etc/ssh/ssh_host_${type}_key${end}`, `old ${type}${end}\n`);
  host.files.put('/etc/ssh/sshd_config', '');
  host.files.put(keygen, '', { mode: 0o755 });
  const run = host.jobs.run.bind(host.jobs);
  host.jobs.run = async (argv, options) => {
    const result = await run(argv, options);
    for (const end of ['', '.pub']) host.files.put(`${workshop}/ssh_host_ed25519_key${end}`, `new${end}\n`);
    return result;
  };
  host.jobs.results.set(command, {});
  return host;
}

/** A hello, until the guest has taken what it brings. */
async function meet(
  host: FakeHost,
  node: FakeNode,
  hello: typeof vm & { readonly freshIdentity?: boolean },
): Promise<void> {
  await node.hello(hello);
  await until(async () => {
    await host.clock.advance(10);
    return host.files.exists(record) && host.files.text(record) === `${hello.vmId} ${hello.vmName}\n`;
  });
}

const hostname = (host: FakeHost): string => host.files.text('/proc/sys/kernel/hostname');

describe('the identity that a hello brings', () => {
  it('a guest is named after its VM before the welcome, and its random pool gets the host’s bytes at every hello', async () => {
    const host = clonedGuest();
    const { node } = await startFakeAgent(host);
    await node.hello({ ...vm, entropy: Uint8Array.of(1, 2, 3) });
    assert.match(hostname(host), /^web-1/);
    await node.hello({ ...vm, entropy: Uint8Array.of(4) });
    await meet(host, node, vm);
    assert.deepEqual(host.entropy, [Uint8Array.of(1, 2, 3), Uint8Array.of(4)]);
    assert.match(hostname(host), /^web-1/);
    assert.equal(host.files.text('/etc/hostname'), 'web-1\n');
    assert.equal(host.files.text('/etc/hosts'), '127.0.0.1 localhost\n127.0.1.1\timage.example web-1\n::1 image\n');
    assert.equal(host.files.text('/etc/machine-id'), `${'a'.repeat(32)}\n`, 'only on request');
    assert.equal(host.files.openCount, 0);
  });

  it('a name that somebody sets in the guest stays until the VM is renamed', async () => {
    const host = clonedGuest();
    const { node } = await startFakeAgent(host);
    await meet(host, node, vm);
    host.files.put('/etc/hostname', 'mine\n');
    await node.hello(vm);
    assert.equal(host.files.text('/etc/hostname'), 'mine\n');
    await meet(host, node, { ...vm, vmName: 'web-2' });
    assert.equal(host.files.text('/etc/hostname'), 'web-2\n');
  });

  it('a guest is not named where the node does not wish it, where cloud-init does it, and while frozen nothing is written', async () => {
    for (const [hello, path] of [
      [{ ...vm, maySetHostname: false }, '/etc/none'],
      [{ ...vm, vmId: '' }, '/etc/none'],
      [vm, '/run/cloud-init/enabled'],
    ] as const) {
      const host = clonedGuest();
      host.files.put(path, '');
      const { node } = await startFakeAgent(host);
      await node.hello(hello);
      assert.equal(host.files.text('/etc/hostname'), 'image\n');
    }
    const off = clonedGuest();
    off.files.put('/run/cloud-init/disabled', '');
    const { node } = await startFakeAgent(off);
    await meet(off, node, vm);
    assert.equal(off.files.text('/etc/hostname'), 'web-1\n');
  });

  it('machine id and host keys are made once for each VM, and survive a rename', async () => {
    const host = clonedGuest();
    const { node } = await startFakeAgent(host);
    await meet(host, node, { ...vm, freshIdentity: true });
    const first = host.files.text('/etc/machine-id');
    assert.match(first, /^[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}\n$/);
    await meet(host, node, { ...vm, vmName: 'web-2', freshIdentity: true });
    assert.equal(host.files.text('/etc/machine-id'), first);
    await meet(host, node, { ...vm, vmId: 'clone', freshIdentity: true });
    assert.notEqual(host.files.text('/etc/machine-id'), first);
    assert.deepEqual(host.jobs.ran.filter((line) => line === command).length, 2);
  });

  it('a guest that refuses is served all the same', async () => {
    const host = clonedGuest();
    host.files.fail = (call, path) => (path.includes('hostname') && call !== 'stat' ? 'EROFS' : undefined);
    const { node } = await startFakeAgent(host);
    assert.ok(await node.hello(vm));
    host.files.fail = undefined;
    await until(async () => {
      await node.hello(vm);
      return host.files.text('/etc/hostname') === 'web-1\n';
    });
  });
});

describe('ChangeSettings', () => {
  const { changeSettings, getSettings } = SystemServiceLite;

  it('new host keys replace all old ones at once, and the running server is told', async () => {
    const host = clonedGuest();
    host.files.put('/run/sshd.pid', '77\n');
    host.files.put('/proc/77/comm', 'sshd\n');
    const told: number[][] = [];
    host.processes.kill = (pid, signal) => void told.push([pid, signal]);
    const { node } = await startFakeAgent(host);
    const call = await node.open(changeSettings, { newHostKeys: true });
    await host.clock.advance(1000);
    assert.deepEqual(call.messages[0]?.hostKeys, ['new.pub']);
    assert.deepEqual(host.files.names('/etc/ssh'), ['ssh_host_ed25519_key', 'ssh_host_ed25519_key.pub', 'sshd_config']);
    assert.deepEqual(told, [[77, 1]]);
  });

  it('if no new host keys can be made, the old ones stay', async () => {
    const host = clonedGuest();
    host.jobs.results.set(command, { exitCode: 1, stderr: 'no entropy' });
    const { node } = await startFakeAgent(host);
    const call = await node.open(changeSettings, { newHostKeys: true });
    await host.clock.advance(1000);
    assert.deepEqual([call.reason, host.files.text('/etc/ssh/ssh_host_rsa_key')], ['GUEST_IO', 'old rsa\n']);
    assert.ok(!host.files.exists('/etc/ssh/.innkeeper'));
  });

  it('host name, time zone and locale are set where the guest keeps them', async () => {
    const host = clonedGuest();
    host.files.put('/usr/share/zoneinfo/Europe/Vienna', 'TZif');
    host.files.put('/etc/timezone', 'Etc/UTC\n');
    host.files.put('/etc/default/locale', '# kept\nLANG=C\nLC_TIME=C\n');
    host.jobs.results.set('/usr/bin/locale -a', { stdout: 'C\nde_AT.utf8\n' });
    const { node } = await startFakeAgent(host);
    const wanted = { hostname: 'db-1', timeZone: 'Europe/Vienna', locale: 'de_AT.UTF-8' };
    const call = await node.open(changeSettings, wanted);
    assert.equal(call.reason, '');
    assert.equal(host.files.readLink('/etc/localtime'), '/usr/share/zoneinfo/Europe/Vienna');
    assert.equal(host.files.text('/etc/timezone'), 'Europe/Vienna\n');
    assert.equal(host.files.text('/etc/default/locale'), 'LANG=de_AT.UTF-8\n# kept\nLC_TIME=C\n');
    const [{ timeZone, locale } = {}] = (await node.open(getSettings, {})).messages;
    assert.deepEqual([timeZone, locale], [wanted.timeZone, wanted.locale]);
    assert.equal((await node.open(changeSettings, { timeZone: 'Europe/Vienna' })).reason, '', 'again');
  });

  it('wrong names, zones and locales are refused before anything is changed', async () => {
    const host = clonedGuest();
    host.files.put('/usr/share/zoneinfo/UTC', 'TZif');
    host.files.put('/usr/share/secret', 'x');
    host.jobs.results.set('/usr/bin/locale -a', { stdout: 'C\n' });
    const { node } = await startFakeAgent(host);
    for (const wrong of [
      { hostname: '' },
      { hostname: 'a b' },
      { hostname: '-a' },
      { hostname: 'a\nb' },
      { hostname: 'x'.repeat(64) },
      { timeZone: '../secret' },
      { timeZone: 'Mars/Base' },
      { timeZone: '/etc/passwd' },
      { timeZone: 'UTC\n' },
      { locale: 'de_AT.UTF-8' },
      { locale: 'C\nLD_PRELOAD=/tmp/x' },
      { locale: 'x'.repeat(5000) },
    ]) {
      const call = await node.open(changeSettings, { hostname: 'changed', newMachineId: true, ...wrong });
      assert.equal(call.reason, 'INVALID_ARGUMENT', JSON.stringify(wrong).slice(0, 60));
    }
    assert.equal(host.files.text('/etc/hostname'), 'image\n');
    assert.equal(host.files.text('/etc/machine-id'), `${'a'.repeat(32)}\n`);
  });
});
