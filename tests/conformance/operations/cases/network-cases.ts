import assert from 'node:assert/strict';
import { AddressMethod } from '@innkeeper/contract/agent';
import type { ConformanceCase } from '../conformance-case.ts';

const needsNative = 'details of the network';
const ipv4 = { method: AddressMethod.STATIC, addresses: ['192.0.2.5/24'], gateway: '192.0.2.1' };

/**
 * The network. Nothing is ever changed here: the guest of these tests is the machine that runs them. What works is tested
 * in namespaces (apps/agent/src/network-change.test.ts) and in guests (tests/vm/network-config.test.ts).
 */
export const networkCases: readonly ConformanceCase[] = [
  {
    title: 'the network is reported with every interface of the telemetry but the loopback',
    needsNative,
    run: async ({ client }) => {
      const { interfaces, change } = await client.network();
      assert.equal(change, undefined);
      const { interfaces: expected } = await client.telemetry();
      assert.deepEqual(interfaces.map(({ name }) => name).sort(), expected.filter((name) => name !== 'lo').sort());
    },
  },
  {
    title: 'a change of the network with missing, malformed, oversized and hostile settings is refused',
    needsNative,
    run: async ({ client }) => {
      const refused = [
        {},
        { id: '' },
        { id: '../x', ipv4 },
        { id: 'a'.repeat(65), ipv4 },
        { ipv4: { ...ipv4, addresses: [] } },
        { ipv4: { ...ipv4, addresses: ['192.0.2.5'] } },
        { ipv4: { ...ipv4, addresses: ['192.0.2.5/24\nroutes: []'] } },
        { ipv4: { ...ipv4, addresses: ['192.0.2.5/24 $(reboot)'] } },
        { ipv4: { ...ipv4, addresses: [`192.0.2.${'5'.repeat(60_000)}/24`] } },
        { ipv4: { ...ipv4, addresses: Array<string>(1000).fill('192.0.2.5/24') } },
        { ipv4: { ...ipv4, gateway: '`reboot`' } },
        { ipv4: { ...ipv4, method: 99 as AddressMethod } },
        { ipv4, mtu: 1 },
        { ipv4, confirmMs: 1 },
        { ipv4, dns: ['; reboot'] },
        { ipv4, search: ['a\nnameserver 192.0.2.1'] },
        { ipv4, search: ['a.'.repeat(5000)] },
        { ipv4, routes: [{ destination: '0.0.0.0/0', gateway: '::1' }] },
        { ipv4, routes: Array.from({ length: 500 }, () => ({ destination: '10.0.0.0/8', gateway: '192.0.2.1' })) },
      ];
      for (const settings of refused)
        await assert.rejects(
          client.setNetwork({ id: 'a', interface: 'no-such-one', ...settings }),
          { reason: 'INVALID_ARGUMENT' },
          JSON.stringify(settings).slice(0, 200),
        );
      for (const name of ['no-such-one', 'lo', '../eth0', 'a b', 'x'.repeat(50_000)])
        await assert.rejects(client.setNetwork({ id: 'a', interface: name, ipv4 }), { reason: 'INTERFACE_NOT_FOUND' });
      assert.equal((await client.network()).change, undefined);
    },
  },
  {
    title: 'a confirmation and a roll-back of nothing, of an unknown change and with a wrong id are refused',
    needsNative,
    run: async ({ client }) => {
      for (const end of ['confirm', 'rollBack'] as const) {
        await assert.rejects(client.endNetwork(end, ''), { reason: 'NETWORK_NOT_PENDING' });
        await assert.rejects(client.endNetwork(end, 'never-seen'), { reason: 'NETWORK_ENDED' });
        for (const id of ['a/b', 'x'.repeat(65), '../x', 'a b'])
          await assert.rejects(client.endNetwork(end, id), { reason: 'INVALID_ARGUMENT' });
      }
    },
  },
];
