import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { netplanReset, netplanText } from '../../packages/agent-core/src/network/managers/netplan.ts';
import type { NetworkSettings } from '../../packages/agent-core/src/network/network-settings.ts';
import { unpackPackages } from '../vm/debian-packages.ts';

const run = promisify(execFile);
/** netplan.io with what a Debian without it lacks; Python itself is the machine's. */
const packages = [
  'netplan.io',
  'libnetplan0',
  'python3-yaml',
  'python3-netifaces',
  'python3-rich',
  'python3-dbus',
  'python3-markdown-it',
  'python3-mdurl',
  'python3-pygments',
  'libyaml-0-2',
];

const folder = mkdtempSync(join(tmpdir(), 'innkeeper-netplan-'));
const tools = join(folder, 'tools');
const whyNot = await unpackNetplan();

/** Undefined: netplan runs from `tools`. */
async function unpackNetplan(): Promise<string | undefined> {
  const debs = join(folder, 'debs');
  mkdirSync(debs);
  try {
    await run('apt-get', ['download', '-q', '-o', 'APT::Sandbox::User=root', ...packages], { cwd: debs });
    const { stdout } = await run('sh', ['-c', 'ls *.deb'], { cwd: debs });
    await unpackPackages(
      stdout
        .trim()
        .split('\n')
        .map((name) => join(debs, name)),
      tools,
    );
    await netplan('info');
    return undefined;
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    return `netplan.io of Debian cannot be unpacked and run here: ${stderr.trim().split('\n').at(-1) ?? String(error)}`;
  }
}

async function netplan(...words: string[]): Promise<string> {
  const env = {
    ...process.env,
    LD_PRELOAD: 'libnetplan.so.0.0',
    LD_LIBRARY_PATH: `${tools}/usr/lib/x86_64-linux-gnu:${tools}/usr/lib/aarch64-linux-gnu`,
    NETPLAN_GENERATE_PATH: `${tools}/usr/libexec/netplan/generate`,
    PYTHONPATH: `${tools}/usr/share/netplan:${tools}/usr/lib/python3/dist-packages`,
  };
  return (await run('/usr/bin/python3', [`${tools}/usr/sbin/netplan`, ...words], { env })).stdout;
}

const settings: NetworkSettings = {
  interface: 'eth0',
  ipv4: { method: 'static', addresses: ['192.0.2.5/24', '198.51.100.9/32'], gateway: '192.0.2.1' },
  ipv6: { method: 'static', addresses: ['2001:db8::5/64'], gateway: 'fe80::1' },
  dns: ['192.0.2.53', '2001:db8::53'],
  search: ['example.org'],
  mtu: 1400,
  routes: [{ destination: '203.0.113.0/24', gateway: '10.9.9.9', metric: 50 }],
};
const cloudInit = `network:
  version: 2
  ethernets:
    eth0:
      match:
        macaddress: "52:54:00:12:34:56"
      set-name: "eth0"
      dhcp4: true
      addresses: ["10.0.0.9/24"]
      nameservers:
        addresses: ["9.9.9.9"]
      routes:
        - to: "default"
          via: "10.0.0.1"
    eth1:
      dhcp4: true
`;

describe('the files for netplan, checked by netplan itself', { skip: whyNot ?? false, timeout: 120_000 }, () => {
  let count = 0;
  let root = '';

  after(() => rmSync(folder, { recursive: true, force: true }));

  function scratch(files: Readonly<Record<string, string>>): void {
    root = join(folder, `root${++count}`);
    mkdirSync(join(root, 'etc', 'netplan'), { recursive: true });
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(root, 'etc', 'netplan', name), text, { mode: 0o600 });
  }
  const generated = (): string => readFileSync(join(root, 'run/systemd/network/10-netplan-eth0.network'), 'utf8');

  it('netplan accepts everything that can be set, in a scratch root', async () => {
    scratch({ '90-innkeeper.yaml': netplanText('eth0', settings) });
    await netplan('generate', '--root-dir', root);
    const text = generated();
    for (const line of ['Address=192.0.2.5/24', 'Address=2001:db8::5/64', 'DNS=2001:db8::53', 'Domains=example.org'])
      assert.match(text, new RegExp(`^${line.replaceAll('.', '\\.')}$`, 'm'));
    assert.match(text, /Destination=203\.0\.113\.0\/24\nGateway=10\.9\.9\.9\nGatewayOnLink=true\nMetric=50/);
    assert.match(text, /MTUBytes=1400/);
    const dynamic = { method: 'dhcp', addresses: [], gateway: '' } as const;
    const least = { ...settings, ipv4: dynamic, ipv6: dynamic, dns: [], search: [], mtu: 0, routes: [] };
    scratch({ '90-innkeeper.yaml': netplanText('eth0', least) });
    await netplan('generate', '--root-dir', root);
    assert.match(generated(), /^DHCP=yes$/m);
  });

  it('netplan removes from other files what the agent’s file sets, and nothing else', async () => {
    scratch({ '50-cloud-init.yaml': cloudInit });
    await netplan('set', '--root-dir', root, netplanReset('eth0'));
    const edited = readFileSync(join(root, 'etc/netplan/50-cloud-init.yaml'), 'utf8');
    assert.match(edited, /macaddress: "52:54:00:12:34:56"/);
    assert.match(edited, /eth1:\n\s+dhcp4: true/);
    assert.doesNotMatch(edited, /10\.0\.0|9\.9\.9\.9/);
    writeFileSync(join(root, 'etc/netplan/90-innkeeper.yaml'), netplanText('eth0', settings), { mode: 0o600 });
    await netplan('generate', '--root-dir', root);
    assert.match(generated(), /^PermanentMACAddress=52:54:00:12:34:56$/m);
    assert.match(generated(), /^Address=192\.0\.2\.5\/24$/m);
    assert.doesNotMatch(generated(), /10\.0\.0|DHCP=/);
  });

  it('netplan refuses what is wrong, which is what the agent’s check relies on', async () => {
    const wrong = { ...settings, ipv4: { ...settings.ipv4, addresses: ['192.0.2.5'] } };
    scratch({ '90-innkeeper.yaml': netplanText('eth0', wrong) });
    await assert.rejects(netplan('generate', '--root-dir', root), { stderr: /address '192\.0\.2\.5' is missing/ });
  });
});
