import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { detectManager, type ManagerFacts, readManagerFacts } from './detect-manager.ts';
import type { NetworkSettings } from './network-settings.ts';
import { type ChangePlan, planChange } from './plan-change.ts';

const nothing: ManagerFacts = {
  isTiny: false,
  hasNetplan: false,
  runsNetworkManager: false,
  networkManagerHasIt: false,
  runsNetworkd: false,
  networkdHasIt: false,
  hasIfupdown: false,
  ifupdownHasIt: false,
};
const link = { name: 'eth0', index: 2 };

/** A guest with these files; those without text are programs. */
function guest(files: Readonly<Record<string, string | undefined>>): FakeHost {
  const host = new FakeHost();
  host.files.putFolder('/run');
  for (const [path, text] of Object.entries(files))
    host.files.put(path, text ?? '', { mode: text === undefined ? 0o755 : 0o644 });
  return host;
}
const managerOf = (files: Readonly<Record<string, string | undefined>>): string | undefined =>
  detectManager(readManagerFacts(guest(files), link));

const networkManager = {
  '/usr/bin/nmcli': undefined,
  '/run/NetworkManager/devices/2': '[device]\nmanaged=true\nconnection-uuid=ab-12\n',
};
const networkd = {
  '/usr/bin/networkctl': undefined,
  '/run/systemd/netif/links/2': 'ADMIN_STATE=configured\nNETWORK_FILE=/run/systemd/network/10-netplan-nic0.network\n',
};
const ifupdown = {
  '/sbin/ifup': undefined,
  '/etc/network/interfaces': 'auto lo\niface lo inet loopback\n',
  '/etc/network/interfaces.d/eth0': 'auto eth0\niface eth0 inet dhcp\n',
};
const netplan = { '/usr/sbin/netplan': undefined, '/etc/netplan/50-cloud-init.yaml': 'network: {}\n' };

const settings: NetworkSettings = {
  interface: 'eth0',
  ipv4: { method: 'static', addresses: ['192.0.2.5/24'], gateway: '192.0.2.1' },
  ipv6: { method: 'automatic', addresses: [], gateway: '' },
  dns: ['192.0.2.53'],
  search: ['lan'],
  mtu: 0,
  routes: [],
};
const plan = (host: FakeHost, temporary = false): Promise<ChangePlan> =>
  planChange(host, detectManager(readManagerFacts(host, link)), settings, { temporary, index: 2 });

describe('what configures the network of a guest', () => {
  it('what already has the interface comes before what only runs, and netplan before what it writes for', () => {
    for (const [facts, expected] of [
      [{}, undefined],
      [{ isTiny: true, hasIfupdown: true }, 'tiny'],
      [{ hasNetplan: true, runsNetworkd: true, networkdHasIt: true }, 'netplan'],
      [{ networkManagerHasIt: true, ifupdownHasIt: true, networkdHasIt: true }, 'NetworkManager'],
      [{ runsNetworkManager: true, networkdHasIt: true }, 'systemd-networkd'],
      [{ runsNetworkManager: true, runsNetworkd: true, ifupdownHasIt: true }, 'ifupdown'],
      [{ runsNetworkManager: true, runsNetworkd: true, hasIfupdown: true }, 'NetworkManager'],
      [{ runsNetworkd: true, hasIfupdown: true }, 'systemd-networkd'],
      [{ hasIfupdown: true }, 'ifupdown'],
    ] as const)
      assert.equal(detectManager({ ...nothing, ...facts }), expected, JSON.stringify(facts));
  });

  it('a manager is recognised by its programs and files, and not by one of the two', () => {
    assert.equal(managerOf(networkManager), 'NetworkManager');
    assert.equal(managerOf(networkd), 'systemd-networkd');
    assert.equal(managerOf(ifupdown), 'ifupdown');
    assert.equal(managerOf({ ...networkd, ...netplan }), 'netplan');
    assert.equal(managerOf({ ...networkManager, ...networkd, ...ifupdown }), 'NetworkManager');
    for (const half of [
      { '/usr/bin/nmcli': undefined },
      { '/usr/sbin/netplan': undefined },
      { '/etc/netplan/50-cloud-init.yaml': '' },
      { '/etc/network/interfaces': 'iface eth0 inet dhcp\n' },
      { '/etc/os-release': 'ID=innkeeper-tiny\n' },
    ])
      assert.equal(managerOf(half), undefined, JSON.stringify(half));
  });

  it('ifupdown: the stanzas of the interface move into one file, and ifdown runs before the files change', async () => {
    const { files, before, apply, flush } = await plan(guest(ifupdown));
    assert.deepEqual([before, apply, flush], ['ifdown "$1"', 'ifup "$1"', true]);
    const [main, included, resolv] = files;
    assert.equal(main?.path, '/etc/network/interfaces');
    assert.match(
      main?.text ?? '',
      /^auto lo\niface lo inet loopback\n\n# Written by.*\nauto eth0\niface eth0 inet static\n/,
    );
    assert.deepEqual([included?.path, included?.text], ['/etc/network/interfaces.d/eth0', '']);
    assert.deepEqual([resolv?.path, /nameserver 192\.0\.2\.53/.test(resolv?.text ?? '')], ['/etc/resolv.conf', true]);
    const withResolvconf = await plan(guest({ ...ifupdown, '/sbin/resolvconf': undefined }));
    assert.equal(withResolvconf.files.length, 2);
  });

  it('NetworkManager: the earlier connection comes back by its id, and what is not an id does not reach the shell', async () => {
    for (const [uuid, undo] of [
      ['ab-12\n', 'nmcli connection reload; nmcli -w 30 connection up uuid ab-12 ifname "$1"'],
      ['$(reboot)\n', 'nmcli connection reload; nmcli -w 30 device disconnect "$1"'],
    ] as const) {
      const host = guest(networkManager);
      host.jobs.answer = () => ({ stdout: uuid });
      const planned = await plan(host);
      assert.equal(planned.undo, undo);
      assert.deepEqual(
        planned.files.map(({ path, mode }) => [path, mode]),
        [['/etc/NetworkManager/system-connections/innkeeper-eth0.nmconnection', 0o600]],
      );
    }
  });

  it('netplan: its own name of the interface is used, its edited copy is written, and what it refuses is reported', async () => {
    const text = 'network: {ethernets: {nic0: {dhcp4: true}}}\n';
    const host = guest({ ...networkd, ...netplan, '/etc/netplan/50-cloud-init.yaml': text });
    const scripts: (readonly string[])[] = [];
    host.jobs.answer = (argv) => {
      scripts.push(argv);
      host.files.put('/run/innkeeper/netplan/etc/netplan/50-cloud-init.yaml', 'network: {ethernets: {nic0: {}}}\n');
      return {};
    };
    const { files, apply } = await plan(host);
    assert.deepEqual(
      files.map(({ path }) => path),
      ['/etc/netplan/50-cloud-init.yaml', '/etc/netplan/90-innkeeper.yaml'],
    );
    assert.match(files[1]?.text ?? '', /^ {4}"nic0":$/m);
    assert.equal(apply, 'netplan apply');
    assert.match(scripts[0]?.[5] ?? '', /^ethernets\.nic0=\{addresses: null/);
    host.jobs.answer = () => ({ exitCode: 1, stderr: 'Error in network definition' });
    await assert.rejects(plan(host), { reason: 'NETWORK_REFUSED', message: /Error in network definition/ });
  });

  it('a temporary change uses systemd-resolved where it runs, and otherwise writes /etc/resolv.conf alone', async () => {
    const resolved = await plan(guest({ ...networkd, '/run/systemd/resolve/resolv.conf': '' }), true);
    assert.deepEqual(
      [resolved.files, resolved.before, resolved.undo],
      [[], 'resolvectl dns "$1" 192.0.2.53 && resolvectl domain "$1" lan', 'resolvectl revert "$1"'],
    );
    const plain = await plan(guest(networkd), true);
    assert.deepEqual(
      [plain.files.map(({ path }) => path), plain.before, plain.apply, plain.undo],
      [['/etc/resolv.conf'], '', '', ''],
    );
  });
});
