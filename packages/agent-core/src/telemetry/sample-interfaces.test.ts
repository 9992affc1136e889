import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InterfaceKind } from '@innkeeper/contract/agent-lite';
import { putInterface } from '../fake/fake-guest-files.ts';
import { evenCounters, FakeHost } from '../fake/fake-host.ts';
import { describeInterfaces, type InterfaceInit, withCounters } from './sample-interfaces.ts';

const find = (host: FakeHost, name: string): InterfaceInit | undefined =>
  withCounters(host, describeInterfaces(host)).find((each) => each.name === name);
const facts = { flags: '0x1003', address: '52:54:00:00:00:09', state: 'up', index: 9 };

describe('describeInterfaces() and withCounters()', () => {
  it('an interface without addresses is reported', () => {
    const host = new FakeHost();
    putInterface(host.files, 'eth9', facts);
    host.network.carried.set('eth9', evenCounters(1000n));
    const eth9 = find(host, 'eth9');
    assert.deepEqual([eth9?.addresses, eth9?.up, eth9?.rxBytes], [[], true, 1000n]);
  });

  it('an interface is down without IFF_UP or without a carrier', () => {
    const host = new FakeHost();
    putInterface(host.files, 'off', { ...facts, flags: '0x1002' });
    putInterface(host.files, 'unplugged', { ...facts, state: 'down' });
    putInterface(host.files, 'quiet', { ...facts, state: 'unknown' });
    assert.deepEqual(
      ['off', 'unplugged', 'quiet'].map((name) => find(host, name)?.up),
      [false, false, true],
    );
  });

  it('interface counters that the kernel lacks are absent', () => {
    const host = new FakeHost();
    host.network.carried.delete('lo');
    host.network.carried.set('eth0', { ...evenCounters(7n), txBytes: 18_446_744_073_709_551_615n });
    const [eth0, lo] = [find(host, 'eth0'), find(host, 'lo')];
    assert.ok(eth0 && lo);
    assert.equal('rxBytes' in lo, false);
    assert.deepEqual([eth0.rxPackets, eth0.txBytes], [7n, 18_446_744_073_709_551_615n]);
  });

  it('the kind of an interface is read from sysfs, not from its name', () => {
    const host = new FakeHost();
    const folder = '/sys/class/net';
    for (const name of ['br', 'bo', 'vl', 'wg', 'tap', 'en', 'dm']) putInterface(host.files, name, facts);
    putInterface(host.files, 've', { ...facts, link: 10 });
    putInterface(host.files, 'ppp', { ...facts, flags: '0x11' });
    for (const path of ['br/bridge', 'bo/bonding', 'en/device']) host.files.putFolder(`${folder}/${path}`);
    host.files.put(`${folder}/vl/uevent`, 'DEVTYPE=vlan\nINTERFACE=vl\n');
    host.files.put(`${folder}/wg/uevent`, 'DEVTYPE=wireguard\n');
    host.files.put(`${folder}/tap/tun_flags`, '0x1002\n');
    const kinds = Object.fromEntries(describeInterfaces(host).map(({ name, kind }) => [name, kind]));
    const { BRIDGE, BOND, VLAN, TUNNEL, PHYSICAL, OTHER, VETH, LOOPBACK } = InterfaceKind;
    assert.deepEqual(kinds, {
      bo: BOND,
      br: BRIDGE,
      dm: OTHER,
      en: PHYSICAL,
      eth0: PHYSICAL,
      lo: LOOPBACK,
      ppp: TUNNEL,
      tap: TUNNEL,
      ve: VETH,
      vl: VLAN,
      wg: TUNNEL,
    });
  });

  it('the bridge or bond of an interface is reported', () => {
    const host = new FakeHost();
    host.files.putLink('/sys/class/net/eth0/master', '../../../virtual/net/br0');
    assert.equal(find(host, 'eth0')?.master, 'br0');
    assert.equal(find(host, 'lo')?.master, '');
  });
});
