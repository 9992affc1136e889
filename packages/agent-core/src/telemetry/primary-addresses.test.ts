import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { fakeLink } from '../fake/fake-network.ts';
import { addressScope } from './address-scope.ts';
import type { PrimaryAddress } from './primary-addresses.ts';
import { NetworkSampler } from './sample-interfaces.ts';

type Row = readonly [name: string, address: string];
type Route = FakeHost['network']['route'];

const indexes: Readonly<Record<string, number>> = { lo: 1, eth0: 2, eth1: 3, docker0: 4, tun0: 5 };
const noRoute: Route = () => undefined;

/** The kernel sends everything through this interface, from this address. */
const via =
  (name: string, source: string): Route =>
  (destination) =>
    destination.includes(':') === source.includes(':') ? { linkIndex: indexes[name] ?? 0, source } : undefined;

/** A guest with eth0, eth1, docker0 and tun0; its addresses and its routing. */
function choose(rows: readonly Row[], route = noRoute): readonly PrimaryAddress[] {
  const host = new FakeHost();
  const { network } = host;
  network.interfaces.push(
    fakeLink('eth1', { index: 3 }),
    fakeLink('docker0', { index: 4, kind: 'bridge' }),
    fakeLink('tun0', { index: 5, kind: 'tun' }),
  );
  network.route = route;
  network.rows = rows.map(([name, address]) => ({ linkIndex: indexes[name] ?? 0, address, prefixLength: 24 }));
  return new NetworkSampler(host).sample().primary;
}

const addresses = (rows: readonly Row[], route?: Route): string[] => choose(rows, route).map(({ address }) => address);

describe('primaryAddresses()', () => {
  it('the primary address is the source address of the default route, whatever is listed first, with that reason', () => {
    const rows: Row[] = [
      ['eth0', '10.0.2.100'],
      ['eth0', '10.0.2.15'],
    ];
    assert.deepEqual(choose(rows, via('eth0', '10.0.2.15')), [
      { address: '10.0.2.15', interface: 'eth0', reason: 'the source address of the default route through eth0' },
    ]);
  });

  it('a source hint that names an address of another interface is the primary address', () => {
    const rows: Row[] = [
      ['eth0', '10.0.2.15'],
      ['lo', '192.0.2.7'],
    ];
    const [found] = choose(rows, via('eth0', '192.0.2.7'));
    assert.deepEqual([found?.address, found?.interface], ['192.0.2.7', 'lo']);
    assert.match(found?.reason ?? '', /through eth0$/);
  });

  it('a route to one far address alone does not decide the primary address', () => {
    const rows: Row[] = [
      ['eth0', '10.0.2.15'],
      ['tun0', '10.8.0.2'],
    ];
    const route: Route = (destination) =>
      destination === '9.9.9.9' ? via('tun0', '10.8.0.2')(destination) : via('eth0', '10.0.2.15')(destination);
    assert.deepEqual(addresses(rows, route), ['10.0.2.15']);
    const only: Route = (destination) => (destination === '9.9.9.9' ? via('tun0', '10.8.0.2')(destination) : undefined);
    assert.deepEqual(addresses(rows, only), ['10.0.2.15']);
  });

  it('without a default route, a real interface is preferred to a bridge', () => {
    const [found] = choose([
      ['docker0', '172.17.0.1'],
      ['eth1', '10.0.2.15'],
    ]);
    assert.equal(found?.address, '10.0.2.15');
    assert.equal(found?.reason, 'on the first interface with an address; there is no default route');
    assert.deepEqual(addresses([['docker0', '172.17.0.1']]), ['172.17.0.1']);
  });

  it('there is one primary address per family, IPv4 first', () => {
    const rows: Row[] = [
      ['eth0', '2001:db8::2'],
      ['eth0', '10.0.2.15'],
    ];
    assert.deepEqual(addresses(rows), ['10.0.2.15', '2001:db8::2']);
  });

  it('a global IPv6 address is preferred to a unique local one', () => {
    const rows: Row[] = [
      ['eth0', 'fd00::2'],
      ['eth0', '2001:db8::2'],
    ];
    assert.deepEqual(addresses(rows), ['2001:db8::2']);
  });

  it('a deprecated site-local address is only used without any other where no route decides', () => {
    assert.deepEqual(addresses([['eth0', 'fec0::5054:ff:fe12:3456']]), ['fec0::5054:ff:fe12:3456']);
    for (const better of ['fd00::2', '2001:db8::2']) {
      const rows: Row[] = [
        ['eth0', 'fec0::5054:ff:fe12:3456'],
        ['docker0', better],
      ];
      assert.deepEqual(addresses(rows), [better]);
    }
  });

  it('a link-local or loopback address is never the primary one', () => {
    const rows: Row[] = [
      ['lo', '127.0.0.1'],
      ['lo', '10.9.9.9'],
      ['eth0', '169.254.3.4'],
      ['eth0', 'fe80::1'],
      ['eth1', 'febf::1'],
    ];
    assert.deepEqual(choose(rows, via('eth0', '169.254.3.4')), []);
  });

  it('a guest without a network has no primary address', () => {
    const host = new FakeHost();
    host.network.interfaces = [];
    host.network.rows = [];
    host.network.route = noRoute;
    assert.deepEqual(new NetworkSampler(host).sample(), { interfaces: [], omitted: 0, primary: [] });
  });
});

describe('addressScope()', () => {
  it('scopeOf distinguishes global, site, link and host', () => {
    const scopes = ['10.0.0.1', '2001:db8::1', 'fd12::1', 'FEC0::1', 'fe80::1', '169.254.0.1', '::1', '127.0.0.53'];
    assert.deepEqual(scopes.map(addressScope), [1, 1, 2, 2, 3, 3, 4, 4]);
  });
});
