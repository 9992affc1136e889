import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { networkOfNetplan } from './network-of-netplan.ts';

const full = `# written by a host
network:
  version: 2
  renderer: networkd
  ethernets:
    "eth0":
      dhcp4: no
      optional: true
      addresses:
      - 192.0.2.5/24   # the old one
      - "2001:db8::5/64"
      gateway4: 192.0.2.1
      routes:
        - to: ::/0
          via: 2001:db8::1
        - {to: 198.51.100.0/24, via: 192.0.2.9, metric: 50}
      nameservers:
        search: [example.org, 'lab.example.org']
        addresses:
          - 192.0.2.53
      mtu: 1400
`;

function settings(lines: string): string {
  const indented = lines.split('\n').map((line) => `      ${line}`);
  return `network:\n  ethernets:\n    eth0:\n${indented.join('\n')}\n`;
}

describe('networkOfNetplan()', () => {
  it('a netplan configuration becomes the settings of its interface', () => {
    assert.deepEqual(networkOfNetplan(full), {
      interface: 'eth0',
      ipv4: { method: 1, addresses: ['192.0.2.5/24'], gateway: '192.0.2.1' },
      ipv6: { method: 0, addresses: ['2001:db8::5/64'], gateway: '2001:db8::1' },
      dns: ['192.0.2.53'],
      search: ['example.org', 'lab.example.org'],
      mtu: 1400,
      routes: [{ destination: '198.51.100.0/24', gateway: '192.0.2.9', metric: 50 }],
    });
    const { ipv4, ipv6 } = networkOfNetplan(settings('dhcp4: true\ndhcp6: yes'));
    assert.deepEqual([ipv4?.method, ipv6?.method], [2, 2]);
  });

  it('what the agent cannot configure is refused by name', () => {
    for (const [config, message] of [
      ['network:\n  wifis: {}\n', /"wifis"/],
      ['network:\n  version: 3\n', /version 2/],
      ['network:\n  ethernets:\n    a: {dhcp4: yes}\n    b: {dhcp4: yes}\n', /one interface/],
      [settings('match: {macaddress: x}'), /"eth0\.match"/],
      [settings('routes:\n- to: default\n  via: 192.0.2.1\n  on-link: true'), /"routes\.on-link"/],
      [settings('gateway4: 192.0.2.1\nroutes:\n- to: default\n  via: 192.0.2.2'), /two default routes/],
      [settings('addresses: 192.0.2.5/24'), /list in "addresses"/],
      [settings('mtu: many'), /number in "mtu"/],
      [settings('dhcp4: perhaps'), /true or false in "dhcp4"/],
    ] as const)
      assert.throws(() => networkOfNetplan(config), { reason: 'INVALID_ARGUMENT', message });
  });

  it('blanks, numbers of brackets and ends of lines within a line cost no time', () => {
    const { user } = process.cpuUsage();
    const blanks = ' '.repeat(60_000);
    for (const line of [
      `a:${blanks}x`,
      `a: b${blanks}b`,
      `${'a: '.repeat(20_000)}\rb`,
      `a: [${'a,'.repeat(30_000)}]`,
      `a: "${blanks}`,
      `-${blanks}\rb`,
    ])
      assert.throws(() => networkOfNetplan(line), { reason: 'INVALID_ARGUMENT' });
    assert.ok(process.cpuUsage().user - user < 1_000_000, 'microseconds of CPU');
  });

  it('a comment begins after white space, and a "#" within a word is part of it', () => {
    assert.equal(
      networkOfNetplan('network: # a\r\n  ethernets:\t# b\n    e#0: {mtu: 1400} \t # c # d\n').interface,
      'e#0',
    );
  });

  it('malformed YAML is refused with its line', () => {
    for (const [config, message] of [
      ['network:\n\tversion: 2\n', /line 2 is indented by a tab/],
      ['network:\n  a: 1\n  a: 2\n', /line 3 repeats "a"/],
      ['network: [1, [2]\n', /line 1 has a bracket/],
      ['network:\n  a: 1\r  b: 2\n', /line 2 has an end of a line within it/],
      ['network: &x\n', /line 1 has "&x"/],
      ['network: |\n  text\n', /line 1 has "\|"/],
      ['network:\n    a: 1\n  b: 2\n', /line 3 is indented differently/],
      [`network: ${'['.repeat(100)}`, /bracket/],
      [`${Array.from({ length: 30 }, (_, depth) => `${' '.repeat(depth)}k:`).join('\n')} 1`, /nested too deeply/],
      ['a: 1\n'.repeat(501), /more than 500 lines/],
      ['x'.repeat(65_537), /more than 65536/],
    ] as const)
      assert.throws(() => networkOfNetplan(config), { reason: 'INVALID_ARGUMENT', message });
  });
});
