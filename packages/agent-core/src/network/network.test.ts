import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { SetNetworkRequestSchema } from '@innkeeper/contract/agent';
import {
  AddressMethod,
  FilesystemServiceLite,
  NetworkPhase as Phase,
  NetworkServiceLite as service,
} from '@innkeeper/contract/agent-lite';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';
import type { FakeNode } from '../fake/fake-node.ts';
import { fakeRoute } from '../fake/fake-routes.ts';
import { makeUpdatable, sendUpdate } from '../fake/fake-update.ts';
import { settle } from '../fake/manual-clock.ts';
import { NUD_FAILED, NUD_INCOMPLETE, NUD_REACHABLE } from './netlink.ts';

type RequestInit = Omit<MessageInitShape<typeof SetNetworkRequestSchema>, '$typeName' | '$unknown'>;

const recordPath = '/run/innkeeper/network.json';
const staticV4 = { method: AddressMethod.STATIC, addresses: ['10.0.2.77/24'], gateway: '10.0.2.9' };
const existing = '[Match]\nName=eth0\n[Network]\nDHCP=yes\n';
const unit = '/etc/systemd/network/00-innkeeper-eth0.network';
const reconfigure = `networkctl reload && networkctl reconfigure "$1" || systemctl restart systemd-networkd.service`;

/** A guest of systemd-networkd, whose manager does nothing but succeed: the kernel is changed by `manage`. */
function guest(manage: (host: FakeHost, files: string) => void = obey): FakeHost {
  const host = new FakeHost();
  host.files.putFolder('/run/systemd/netif/links');
  host.files.put(
    '/run/systemd/netif/links/2',
    'ADMIN_STATE=configured\nNETWORK_FILE=/etc/systemd/network/80.network\n',
  );
  host.files.put('/usr/bin/networkctl', '', { mode: 0o755 });
  host.files.put('/etc/systemd/network/80.network', existing);
  host.files.put('/etc/resolv.conf', 'search lan\nnameserver 10.0.2.3\n');
  host.jobs.answer = (argv) => {
    if (argv[2] !== reconfigure) return undefined;
    manage(host, text(host, unit) ?? '');
    return {};
  };
  return host;
}

/** As systemd-networkd: its first file, or DHCP. */
function obey({ network }: FakeHost, file: string): void {
  const address = /^Address=(.*)\/24$/m.exec(file)?.[1] ?? '10.0.2.15';
  const gateway = /^Gateway=(.*)$/m.exec(file)?.[1] ?? '10.0.2.2';
  network.rows = [
    ...network.rows.filter((row) => row.linkIndex !== 2 || row.address.includes(':')),
    { linkIndex: 2, address, prefixLength: 24 },
  ];
  network.kernel.bodies = [fakeRoute(2, '0.0.0.0/0', gateway)];
}

function text(host: FakeHost, path: string): string | undefined {
  try {
    return host.files.readText(path, 100_000);
  } catch {
    return undefined;
  }
}

/** All that a roll-back must restore. */
function state({ files, network }: FakeHost): unknown {
  return {
    addresses: network.rows
      .map(({ linkIndex, address, prefixLength }) => `${linkIndex} ${address}/${prefixLength}`)
      .sort(),
    routes: network.kernel.texts,
    mtu: network.interfaces.map(({ mtu }) => mtu),
    files: ['/etc/systemd/network', '/etc'].map((folder) => files.readDirectory(folder, 100).sort()),
    texts: ['/etc/systemd/network/80.network', '/etc/resolv.conf'].map((path) => files.readText(path, 1000)),
  };
}

async function set(node: FakeNode, init: RequestInit = {}) {
  const call = await node.open(service.setNetwork, { id: 'one', ipv4: staticV4, ...init });
  await settle();
  return call;
}
const confirm = (node: FakeNode, id = 'one') => node.open(service.confirmNetwork, { id });
const status = async (node: FakeNode) => (await node.open(service.getNetwork, {})).messages[0];
const phase = async (node: FakeNode) => (await status(node))?.change?.phase;

describe('changes of a guest’s network', () => {
  it('GetNetwork reports what configures the guest, its interfaces, routes and name servers', async () => {
    const { node } = await startFakeAgent(guest());
    const report = await status(node);
    assert.equal(report?.manager, 'systemd-networkd');
    assert.deepEqual([report?.dns, report?.search, report?.change], [['10.0.2.3'], ['lan'], undefined]);
    const [eth0, ...others] = report?.interfaces ?? [];
    assert.equal(others.length, 0);
    assert.deepEqual([eth0?.name, eth0?.up, eth0?.mtu, eth0?.addresses], ['eth0', true, 1500, ['10.0.2.15/24']]);
    assert.deepEqual(
      eth0?.routes.map(({ destination, gateway }) => [destination, gateway]),
      [['0.0.0.0/0', '10.0.2.2']],
    );
  });

  it('an update of the agent is refused until a change is confirmed, since the new agent would not roll it back', async () => {
    const agent = await startFakeAgent(makeUpdatable(guest()));
    await set(agent.node);
    const refused = await sendUpdate(agent);
    assert.equal(refused.reason, 'UPDATE_BUSY');
    assert.match(
      refused.answers.end?.message ?? '',
      /A change of the network is in progress; confirm it or roll it back/,
    );
    await confirm(agent.node);
    assert.equal((await sendUpdate(agent)).reason, '');
  });

  it('a change is written for the manager and applied, and stays when it is confirmed', async () => {
    const { host, node } = await startFakeAgent(guest());
    const report = (await set(node, { mtu: 1400, dns: ['9.9.9.9'] })).messages[0];
    assert.deepEqual(
      [report?.change?.phase, report?.change?.interface, report?.change?.confirmLeftMs, report?.change?.files],
      [Phase.PENDING, 'eth0', 60_000, [unit]],
    );
    assert.match(text(host, unit) ?? '', /^Address=10\.0\.2\.77\/24$/m);
    assert.deepEqual(report?.interfaces[0]?.addresses, ['10.0.2.77/24']);
    assert.equal(text(host, recordPath)?.includes('"id":"one"'), true);
    assert.equal((await confirm(node)).messages[0]?.change?.phase, Phase.CONFIRMED);
    assert.equal(text(host, recordPath), undefined);
    await host.clock.advance(120_000);
    assert.deepEqual(host.network.kernel.texts, ['0.0.0.0/0 10.0.2.9']);
    assert.equal((await confirm(node)).messages[0]?.change?.phase, Phase.CONFIRMED);
    assert.equal((await node.open(service.rollBackNetwork, { id: 'one' })).reason, 'NETWORK_ENDED');
    assert.equal((await confirm(node, '')).reason, 'NETWORK_NOT_PENDING');
    assert.equal(host.clock.pendingTimers, 0);
  });

  it('a change that is not confirmed is rolled back at its deadline, to the byte, and a late confirmation is refused', async () => {
    const host = guest();
    const before = state(host);
    const { node } = await startFakeAgent(host);
    await set(node, { confirmMs: 20_000, mtu: 1400 });
    await host.clock.advance(19_000);
    assert.equal(await phase(node), Phase.PENDING);
    await host.clock.advance(10_000);
    const { change } = (await status(node)) ?? {};
    assert.deepEqual([change?.phase, change?.detail], [Phase.ROLLED_BACK, 'It was not confirmed within 20000 ms.']);
    assert.deepEqual(state(host), before);
    assert.equal(text(host, recordPath), undefined);
    assert.equal((await confirm(node)).reason, 'NETWORK_ENDED');
    assert.equal((await set(node)).reason, 'NETWORK_ENDED');
    assert.equal(host.clock.pendingTimers, 0);
  });

  it('a change is rolled back on request, once', async () => {
    const host = guest();
    const before = state(host);
    const { node } = await startFakeAgent(host);
    await set(node);
    const undone = node.open(service.rollBackNetwork, { id: '' });
    await host.clock.advance(10_000);
    assert.equal((await undone).messages[0]?.change?.phase, Phase.ROLLED_BACK);
    assert.deepEqual(state(host), before);
    assert.equal(
      (await node.open(service.rollBackNetwork, { id: 'one' })).messages[0]?.change?.phase,
      Phase.ROLLED_BACK,
    );
  });

  it('a gateway that answers is asked again and again, and when it stops answering the change is rolled back', async () => {
    const host = guest();
    const before = state(host);
    const { node } = await startFakeAgent(host);
    await set(node, { confirmMs: 600_000 });
    await host.clock.advance(60_000);
    const { change } = (await status(node)) ?? {};
    assert.deepEqual([change?.phase, change?.gateway, change?.gatewayAnswers], [Phase.PENDING, '10.0.2.9', true]);
    host.network.kernel.neighbourState = () => NUD_FAILED;
    await host.clock.advance(15_000);
    const after = (await status(node))?.change;
    assert.deepEqual([after?.phase, after?.detail], [Phase.ROLLED_BACK, 'The gateway 10.0.2.9 does not answer.']);
    assert.deepEqual(state(host), before);
  });

  it('a gateway that does not answer is ignored on request, and one that is slow has time', async () => {
    const host = guest();
    const { node } = await startFakeAgent(host);
    host.network.kernel.neighbourState = () => NUD_FAILED;
    await set(node, { confirmMs: 600_000, ignoreGateway: true });
    await host.clock.advance(60_000);
    assert.equal(await phase(node), Phase.PENDING);
    await confirm(node);
    host.network.kernel.neighbourState = () => NUD_INCOMPLETE;
    await set(node, { id: 'two', confirmMs: 600_000 });
    await host.clock.advance(5000);
    assert.equal((await status(node))?.change?.gatewayAnswers, undefined);
    host.network.kernel.neighbourState = () => NUD_REACHABLE;
    await host.clock.advance(60_000);
    assert.equal((await status(node))?.change?.gatewayAnswers, true);
  });

  it('an agent that starts again rolls back what the one before it left, and so it does after a restart of the guest', async () => {
    for (const restart of [false, true]) {
      const host = guest();
      const before = state(host);
      const first = await startFakeAgent(host);
      await set(first.node, { confirmMs: 600_000 });
      first.end();
      host.files.put('/proc/self/comm', 'innkeeper-agent\n');
      if (restart) {
        host.files.put('/proc/sys/kernel/random/boot_id', 'another\n');
        // After the restart the manager has configured what it found.
        obey(host, text(host, unit) ?? '');
      }
      const { node } = await startFakeAgent(host);
      await host.clock.advance(10_000);
      const { change } = (await status(node)) ?? {};
      assert.deepEqual([change?.id, change?.phase], ['one', Phase.ROLLED_BACK]);
      assert.match(change?.detail ?? '', /restarted/);
      assert.deepEqual(state(host), before, restart ? 'after a restart' : 'after a kill');
      assert.equal((await confirm(node)).reason, 'NETWORK_ENDED');
    }
  });

  it('a change that its manager refuses, and one that never reaches the kernel, fail and are rolled back', async () => {
    const host = guest();
    const before = state(host);
    const { node } = await startFakeAgent(host);
    const answer = host.jobs.answer;
    let runs = 0;
    host.jobs.answer = (argv) => (runs++ === 0 ? { exitCode: 1, stderr: 'Unknown device' } : answer?.(argv));
    const failing = set(node);
    await host.clock.advance(10_000);
    assert.match((await failing).answers.end?.message ?? '', /Unknown device/);
    assert.equal((await failing).reason, 'NETWORK_FAILED');
    assert.deepEqual(state(host), before);
    host.jobs.answer = (argv) => (argv[2] === reconfigure ? {} : undefined);
    const lost = set(node, { id: 'two' });
    await host.clock.advance(60_000);
    assert.match(
      (await lost).answers.end?.message ?? '',
      /eth0 does not have the address 10\.0\.2\.77\/24 after 30000 ms/,
    );
    assert.deepEqual(state(host), before);
    assert.equal(text(host, recordPath), undefined);
  });

  it('nothing is changed when the record cannot be written', async () => {
    const host = guest();
    const before = state(host);
    host.files.fail = (call, path) => (call === 'open' && path === recordPath ? 'EROFS' : undefined);
    const { node } = await startFakeAgent(host);
    const failing = set(node);
    await host.clock.advance(10_000);
    assert.equal((await failing).reason, 'NETWORK_FAILED');
    host.files.fail = undefined;
    assert.deepEqual(state(host), before);
  });

  it('a temporary change configures the kernel and writes nothing, and restores exactly what was there', async () => {
    const host = guest();
    host.network.rows.push({ linkIndex: 2, address: '10.0.2.16', prefixLength: 24 });
    host.network.kernel.bodies.push(fakeRoute(2, '192.0.2.0/24', '10.0.2.3'));
    const before = state(host);
    const { node } = await startFakeAgent(host);
    const routes = [{ destination: '198.51.100.7/24', gateway: '10.0.2.8' }];
    const ipv6 = { addresses: ['2001:DB8::7/64'] };
    const report = (await set(node, { temporary: true, mtu: 1400, routes, ipv6 })).messages[0];
    assert.deepEqual(report?.change?.files, []);
    assert.deepEqual(report?.interfaces[0]?.addresses, ['10.0.2.77/24', '2001:db8::7/64']);
    assert.equal(report?.interfaces[0]?.mtu, 1400);
    assert.deepEqual(host.network.kernel.texts, ['0.0.0.0/0 10.0.2.9', '198.51.100.0/24 10.0.2.8']);
    assert.deepEqual((state(host) as { files: unknown }).files, (before as { files: unknown }).files);
    await node.open(service.rollBackNetwork, { id: 'one' });
    assert.deepEqual(state(host), before);
  });

  it('an unconfirmed change stays, as the one-shot form of configure_network', async () => {
    const host = guest();
    const { node } = await startFakeAgent(host);
    const report = (await set(node, { temporary: true, unconfirmed: true })).messages[0];
    assert.equal(report?.change?.phase, Phase.CONFIRMED);
    await host.clock.advance(3_700_000);
    assert.deepEqual(host.network.kernel.texts, ['0.0.0.0/0 10.0.2.9']);
  });

  it('only one change is in progress at a time, and a repeated call is the same change', async () => {
    const { host, node } = await startFakeAgent(guest());
    await set(node);
    assert.equal((await set(node, { id: 'two' })).reason, 'NETWORK_HELD');
    assert.equal((await set(node)).messages[0]?.change?.phase, Phase.PENDING);
    assert.equal(host.jobs.ran.filter((line) => line.includes('reconfigure')).length, 1);
    assert.equal((await confirm(node, 'two')).reason, 'NETWORK_ENDED');
  });

  it('a guest without anything that keeps a configuration takes temporary changes only', async () => {
    const host = new FakeHost();
    host.files.putFolder('/run');
    const { node } = await startFakeAgent(host);
    assert.equal((await set(node)).reason, 'NETWORK_REFUSED');
    assert.equal((await set(node, { temporary: true })).messages[0]?.change?.phase, Phase.PENDING);
  });

  it('a roll-back while file systems are frozen waits for the thaw', async () => {
    const host = guest();
    const { node } = await startFakeAgent(host);
    await set(node, { confirmMs: 5000 });
    await node.open(FilesystemServiceLite.freeze, { id: 'ice', leaseMs: 60_000 });
    await host.clock.advance(30_000);
    assert.equal(await phase(node), Phase.ROLLING_BACK);
    await node.open(FilesystemServiceLite.thaw, { id: 'ice' });
    await host.clock.advance(10_000);
    assert.equal(await phase(node), Phase.ROLLED_BACK);
  });

  it('missing, malformed, oversized and hostile settings are refused before anything is planned', async () => {
    const { host, node } = await startFakeAgent(guest());
    const wrong: RequestInit[] = [
      { id: '' },
      { id: '../x' },
      { confirmMs: 4999 },
      { confirmMs: 3_600_001 },
      { ipv4: {} },
      { ipv4: { method: 7 as AddressMethod } },
      { ipv4: { method: AddressMethod.STATIC } },
      { ipv4: { method: AddressMethod.DHCP, addresses: ['10.0.0.1/24'] } },
      { ipv4: { method: AddressMethod.DHCP, gateway: '10.0.0.1' } },
      { ipv4: { method: AddressMethod.DHCP }, temporary: true },
      { ipv4: { ...staticV4, addresses: ['10.0.2.77'] } },
      { ipv4: { ...staticV4, addresses: ['10.0.2.77/24"\nmalicious: true'] } },
      { ipv4: { ...staticV4, addresses: ['10.0.2.77/24; reboot'] } },
      { ipv4: { ...staticV4, addresses: ['127.0.0.1/8'] } },
      { ipv4: { ...staticV4, addresses: ['224.0.0.1/24'] } },
      { ipv4: { ...staticV4, addresses: ['2001:db8::1/64'] } },
      { ipv4: { ...staticV4, addresses: Array<string>(17).fill('10.0.2.77/24') } },
      { ipv4: { ...staticV4, addresses: ['10.0.2.77/24', '10.0.2.77/24'] } },
      { ipv4: { ...staticV4, gateway: 'fe80::1' } },
      { ipv4: { ...staticV4, gateway: '10.0.2.77' } },
      { ipv4: { ...staticV4, gateway: '$(reboot)' } },
      { ipv6: { method: AddressMethod.STATIC, addresses: ['10.0.2.1/24'] } },
      { mtu: 575 },
      { mtu: 70_000 },
      { mtu: 1279, ipv6: { addresses: ['2001:db8::1/64'] } },
      { dns: ['one.one.one.one'] },
      { dns: Array<string>(9).fill('9.9.9.9') },
      { search: ['a b'] },
      { search: ['a..b'] },
      { search: ['x'.repeat(64)] },
      { search: ['a\nnameserver 1.1.1.1'] },
      { search: Array<string>(9).fill('lan') },
      { routes: [{ destination: '10.9.0.0', gateway: '10.0.2.2' }] },
      { routes: [{ destination: '10.9.0.0/16', gateway: 'fe80::1' }] },
      { routes: Array(33).fill({ destination: '10.9.0.0/16', gateway: '10.0.2.2' }) },
    ];
    for (const init of wrong) assert.equal((await set(node, init)).reason, 'INVALID_ARGUMENT', JSON.stringify(init));
    for (const name of ['lo', 'eth9', 'eth0; reboot', '../eth0', 'x'.repeat(10_000)])
      assert.equal((await set(node, { interface: name })).reason, 'INTERFACE_NOT_FOUND', name);
    assert.deepEqual(host.jobs.ran, []);
    assert.equal((await status(node))?.change, undefined);
  });
});
