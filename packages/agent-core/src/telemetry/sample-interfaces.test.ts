import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InterfaceKind } from '@innkeeper/contract/agent-lite';
import { FakeHost } from '../fake/fake-host.ts';
import { evenCounters, fakeLink } from '../fake/fake-network.ts';
import { HostError } from '../host-error.ts';
import { type InterfaceInit, maxInterfaces, NetworkSampler } from './sample-interfaces.ts';

const find = (host: FakeHost, name: string): InterfaceInit | undefined =>
  new NetworkSampler(host).sample().interfaces.find((each) => each.name === name);

describe('NetworkSampler', () => {
  it('an interface without addresses is reported', () => {
    const host = new FakeHost();
    host.network.interfaces.push(fakeLink('eth9', { index: 9 }));
    const eth9 = find(host, 'eth9');
    assert.deepEqual([eth9?.addresses, eth9?.up, eth9?.rxBytes], [[], true, 1000n]);
  });

  it('an interface is down without IFF_UP or without a carrier', () => {
    const host = new FakeHost();
    host.network.interfaces.push(
      fakeLink('off', { index: 7, flags: 0x1002 }),
      fakeLink('unplugged', { index: 8, operState: 2 }),
      fakeLink('quiet', { index: 9, operState: 0 }),
    );
    assert.deepEqual(
      ['off', 'unplugged', 'quiet'].map((name) => find(host, name)?.up),
      [false, false, true],
    );
  });

  it('interface counters that the kernel lacks are absent', () => {
    const host = new FakeHost();
    host.network.interfaces = [
      fakeLink('lo', { index: 1, counters: undefined }),
      fakeLink('eth0', { index: 2, counters: { ...evenCounters(7n), txBytes: 18_446_744_073_709_551_615n } }),
    ];
    const [eth0, lo] = [find(host, 'eth0'), find(host, 'lo')];
    assert.ok(eth0 && lo);
    assert.equal('rxBytes' in lo, false);
    assert.deepEqual([eth0.rxPackets, eth0.txBytes], [7n, 18_446_744_073_709_551_615n]);
  });

  it('the kind of an interface is the kernel’s, not guessed from its name', () => {
    const host = new FakeHost();
    const kinds = {
      br: 'bridge',
      bo: 'bond',
      vl: 'vlan',
      ve: 'veth',
      wg: 'wireguard',
      tap: 'tun',
      dm: 'dummy',
      en: '',
    };
    for (const [place, [name, kind]] of Object.entries(kinds).entries())
      host.network.interfaces.push(fakeLink(name, { index: 10 + place, kind }));
    host.network.interfaces.push(fakeLink('ppp', { index: 30, flags: 0x11 }));
    const found = new NetworkSampler(host).sample().interfaces.map(({ name, kind }) => [name, kind]);
    const { BRIDGE, BOND, VLAN, TUNNEL, PHYSICAL, OTHER, VETH, LOOPBACK } = InterfaceKind;
    assert.deepEqual(Object.fromEntries(found), {
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
    host.network.interfaces = [fakeLink('eth0', { index: 2, masterIndex: 9 }), fakeLink('br0', { index: 9 })];
    assert.deepEqual([find(host, 'eth0')?.master, find(host, 'br0')?.master], ['br0', '']);
  });

  it('of more interfaces than a report holds, those with addresses and with most traffic are kept', () => {
    const host = new FakeHost();
    for (let index = 10; index < 400; index++)
      host.network.interfaces.push(
        fakeLink(`a${index}`, { index, kind: 'veth', counters: evenCounters(BigInt(index)) }),
      );
    host.network.interfaces.push(fakeLink('z9', { index: 500, counters: evenCounters(0n) }));
    host.network.rows.push({ linkIndex: 500, address: '192.0.2.9', prefixLength: 24 });
    const { interfaces, omitted } = new NetworkSampler(host).sample();
    const names = interfaces.map(({ name }) => name);
    assert.deepEqual([names.length, omitted], [maxInterfaces, 393 - maxInterfaces]);
    for (const name of ['eth0', 'lo', 'z9', 'a399']) assert.ok(names.includes(name), name);
    assert.ok(!names.includes('a10'));
  });

  it('addresses are only read again when the kernel reported a change', () => {
    const host = new FakeHost();
    const sampler = new NetworkSampler(host);
    for (const changes of [1, 1, 1, 2, 2]) sampler.sample(changes);
    assert.equal(host.network.addressReads, 2);
  });

  it('a guest without netlink has no interfaces', () => {
    const host = new FakeHost();
    const refuse = (): never => {
      throw new HostError('EPROTONOSUPPORT', 'socket');
    };
    host.network.links = refuse;
    host.network.addresses = refuse;
    host.network.routeTo = refuse;
    assert.deepEqual(new NetworkSampler(host).sample(), { interfaces: [], omitted: 0, primary: [] });
  });
});
