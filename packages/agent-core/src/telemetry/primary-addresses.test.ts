import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { putInterface } from '../fake/fake-guest-files.ts';
import { FakeHost } from '../fake/fake-host.ts';
import { addressScope } from './address-scope.ts';
import { primaryAddresses } from './primary-addresses.ts';
import { describeInterfaces } from './sample-interfaces.ts';

type Row = readonly [name: string, address: string];

const header = 'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n';
const route = (name: string, metric: number, flags = '0003'): string =>
  `${name}\t00000000\t0202000A\t${flags}\t0\t0\t${metric}\t00000000\t0\t0\t0\n`;

/** A guest with eth0, eth1 and docker0; its addresses and its routes. */
function choose(rows: readonly Row[], routes = header): { address: string; interface: string; reason: string }[] {
  const host = new FakeHost();
  putInterface(host.files, 'eth1', { flags: '0x1003', address: '52:54:00:00:00:02', state: 'up', index: 3 });
  host.files.putFolder('/sys/class/net/eth1/device');
  putInterface(host.files, 'docker0', { flags: '0x1003', address: '02:42:00:00:00:01', state: 'up', index: 4 });
  host.files.putFolder('/sys/class/net/docker0/bridge');
  host.files.put('/proc/net/route', routes);
  host.network.rows = rows.map(([name, address]) => ({
    interface: name,
    family: address.includes(':') ? 'ipv6' : 'ipv4',
    address,
    prefixLength: 24,
    scopeId: undefined,
  }));
  return primaryAddresses(host, describeInterfaces(host));
}

const addresses = (rows: readonly Row[], routes?: string): string[] =>
  choose(rows, routes).map(({ address }) => address);

describe('primaryAddresses()', () => {
  it('the primary address is on the interface of the default route, with that reason', () => {
    const found = choose(
      [
        ['eth0', '192.168.7.2'],
        ['eth1', '10.0.2.15'],
      ],
      header + route('eth1', 100),
    );
    assert.deepEqual(found, [
      { address: '10.0.2.15', interface: 'eth1', reason: 'on the interface of the default route' },
    ]);
  });

  it('the primary address uses the active default route with the lowest metric', () => {
    const rows: Row[] = [
      ['eth0', '192.168.7.2'],
      ['eth1', '10.0.2.15'],
      ['docker0', '172.17.0.1'],
    ];
    const routes = header + route('eth0', 200) + route('eth1', 100) + route('docker0', 1, '0002');
    assert.deepEqual(addresses(rows, routes), ['10.0.2.15']);
  });

  it('without a default route, a real interface is preferred to a bridge', () => {
    const [found] = choose([
      ['docker0', '172.17.0.1'],
      ['eth1', '10.0.2.15'],
    ]);
    assert.deepEqual([found?.address, found?.reason], ['10.0.2.15', 'on the first interface with an address']);
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

  it('a deprecated site-local address is only used without any other, whatever the route', () => {
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
    assert.deepEqual(choose(rows, header + route('eth0', 1)), []);
  });

  it('a guest without a network has no primary address', () => {
    const host = new FakeHost();
    host.files.remove('/sys/class/net/eth0');
    host.network.rows = [];
    assert.deepEqual(primaryAddresses(host, describeInterfaces(host)), []);
  });
});

describe('addressScope()', () => {
  it('scopeOf distinguishes global, site, link and host', () => {
    const scopes = ['10.0.0.1', '2001:db8::1', 'fd12::1', 'FEC0::1', 'fe80::1', '169.254.0.1', '::1', '127.0.0.53'];
    assert.deepEqual(scopes.map(addressScope), [1, 1, 2, 2, 3, 3, 4, 4]);
  });
});
