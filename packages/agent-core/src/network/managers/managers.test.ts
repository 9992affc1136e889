import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NetworkSettings } from '../network-settings.ts';
import { resolvConf } from '../network-settings.ts';
import { interfacesText, withoutInterface } from './ifupdown.ts';
import { netplanReset, netplanText } from './netplan.ts';
import { connectionText } from './network-manager.ts';
import { networkdText } from './networkd.ts';
import { tinyText } from './tiny.ts';

/** Everything that can be set. */
const full: NetworkSettings = {
  interface: 'eth0',
  ipv4: { method: 'static', addresses: ['192.0.2.5/24', '198.51.100.9/32'], gateway: '192.0.2.1' },
  ipv6: { method: 'static', addresses: ['2001:db8::5/64'], gateway: 'fe80::1' },
  dns: ['192.0.2.53', '2001:db8::53'],
  search: ['example.org', 'lan'],
  mtu: 1400,
  routes: [{ destination: '203.0.113.0/24', gateway: '10.9.9.9', metric: 50 }],
};
const none = { method: 'none', addresses: [], gateway: '' } as const;
const automatic = { method: 'automatic', addresses: [], gateway: '' } as const;
/** The least: IPv4 by DHCP. */
const dhcp: NetworkSettings = {
  interface: 'eth0',
  ipv4: { ...none, method: 'dhcp' },
  ipv6: automatic,
  dns: [],
  search: [],
  mtu: 0,
  routes: [],
};
const first = '# Written by innkeeper-agent; "inn network set" replaces it.';

describe('the files for what configures a guest’s network', () => {
  it('netplan gets addresses, name servers, MTU and routes, and a gateway outside of its networks is on-link', () => {
    assert.equal(
      netplanText('eth0', full),
      `${first}
network:
  version: 2
  ethernets:
    "eth0":
      dhcp4: false
      dhcp6: false
      accept-ra: false
      addresses: ["192.0.2.5/24", "198.51.100.9/32", "2001:db8::5/64"]
      mtu: 1400
      nameservers:
        addresses: ["192.0.2.53", "2001:db8::53"]
        search: ["example.org", "lan"]
      routes:
        - to: "0.0.0.0/0"
          via: "192.0.2.1"
        - to: "::/0"
          via: "fe80::1"
        - to: "203.0.113.0/24"
          via: "10.9.9.9"
          metric: 50
          on-link: true
`,
    );
    assert.equal(
      netplanText('eth0', dhcp),
      `${first}\nnetwork:\n  version: 2\n  ethernets:\n    "eth0":\n      dhcp4: true\n      dhcp6: false\n      accept-ra: true\n`,
    );
    assert.match(netplanReset('eth0.5'), /^ethernets\.eth0\\\.5=\{addresses: null, routes: null,.* mtu: null\}$/);
  });

  it('NetworkManager gets a keyfile', () => {
    assert.equal(
      connectionText(full),
      `${first}
[connection]
id=innkeeper-eth0
type=ethernet
interface-name=eth0
autoconnect-priority=999

[ethernet]
mtu=1400

[ipv4]
method=manual
address1=192.0.2.5/24
address2=198.51.100.9/32
route1=0.0.0.0/0,192.0.2.1
route2=203.0.113.0/24,10.9.9.9,50
dns=192.0.2.53;
dns-search=example.org;lan;

[ipv6]
method=manual
address1=2001:db8::5/64
route1=::/0,fe80::1
dns=2001:db8::53;
dns-search=example.org;lan;
`,
    );
    assert.match(connectionText(dhcp), /\[ipv4\]\nmethod=auto\n\n\[ipv6\]\nmethod=auto\n$/);
    const only6 = { ...full, ipv4: none };
    assert.match(connectionText(only6), /\[ipv4\]\nmethod=disabled\n/);
  });

  it('systemd-networkd gets a file that matches before all others', () => {
    assert.equal(
      networkdText(full),
      `${first}
[Match]
Name=eth0

[Link]
MTUBytes=1400

[Network]
DHCP=no
IPv6AcceptRA=no
Address=192.0.2.5/24
Address=198.51.100.9/32
Address=2001:db8::5/64
DNS=192.0.2.53
DNS=2001:db8::53
Domains=example.org lan

[Route]
Destination=0.0.0.0/0
Gateway=192.0.2.1

[Route]
Destination=::/0
Gateway=fe80::1

[Route]
Destination=203.0.113.0/24
Gateway=10.9.9.9
Metric=50
GatewayOnLink=yes
`,
    );
    assert.equal(networkdText(dhcp), `${first}\n[Match]\nName=eth0\n\n[Network]\nDHCP=ipv4\nIPv6AcceptRA=yes\n`);
    assert.match(networkdText({ ...dhcp, ipv6: { ...none, method: 'dhcp' } }), /DHCP=yes/);
  });

  it('ifupdown gets stanzas', () => {
    assert.equal(
      interfacesText(full),
      `${first}
auto eth0
iface eth0 inet static
	up ip link set dev eth0 mtu 1400
	address 192.0.2.5/24
	up ip addr add 198.51.100.9/32 dev eth0
	up ip route replace 0.0.0.0/0 via 192.0.2.1 dev eth0
	up ip route replace 203.0.113.0/24 via 10.9.9.9 dev eth0 metric 50 onlink
	dns-nameservers 192.0.2.53
	dns-search example.org lan
iface eth0 inet6 static
	address 2001:db8::5/64
	up ip -6 route replace ::/0 via fe80::1 dev eth0
	dns-nameservers 2001:db8::53
`,
    );
    assert.equal(interfacesText(dhcp), `${first}\nauto eth0\niface eth0 inet dhcp\niface eth0 inet6 auto\n`);
  });

  it('the rest of an interfaces file stays as it is when the stanzas of one interface are removed', () => {
    const before = `# The loopback interface
auto lo
iface lo inet loopback

auto eth0 eth1
allow-hotplug eth0
iface eth0 inet static
    address 10.0.0.1/24 \\
      netmask 255.0.0.0
    # of eth0
    up true
iface eth0 inet6 auto

# about eth1
iface eth1 inet dhcp
source /etc/network/interfaces.d/*
`;
    assert.equal(
      withoutInterface(before, 'eth0'),
      `# The loopback interface
auto lo
iface lo inet loopback

auto eth1
    # of eth0
# about eth1
iface eth1 inet dhcp
source /etc/network/interfaces.d/*
`,
    );
    const text = `auto lo\niface lo inet loopback\n`;
    assert.equal(withoutInterface(`${text}\n${interfacesText(full)}`, 'eth0'), text);
    assert.equal(withoutInterface(text, 'eth0'), text);
    assert.equal(withoutInterface('iface eth0 inet dhcp', 'eth0'), '');
    assert.equal(withoutInterface('iface eth00 inet dhcp', 'eth0'), 'iface eth00 inet dhcp\n');
  });

  it('the tiny image gets commands for its shell', () => {
    assert.equal(
      tinyText(full),
      `${first}
ip link set eth0 mtu 1400
ip addr add 192.0.2.5/24 dev eth0
ip addr add 198.51.100.9/32 dev eth0
ip route replace 0.0.0.0/0 via 192.0.2.1 dev eth0
ip route replace 203.0.113.0/24 via 10.9.9.9 dev eth0 metric 50 onlink
ip -6 addr add 2001:db8::5/64 dev eth0
ip -6 route replace ::/0 via fe80::1 dev eth0
`,
    );
    assert.equal(tinyText(dhcp), `${first}\ndhcp eth0\n`);
    assert.equal(
      resolvConf(full),
      `${first}\nsearch example.org lan\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n`,
    );
  });
});
