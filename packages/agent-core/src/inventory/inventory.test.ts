import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { InventoryServiceLite } from '@innkeeper/contract/agent-lite';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeConnection } from '../fake/fake-connection.ts';
import { FakeHost } from '../fake/fake-host.ts';
import { settle } from '../fake/manual-clock.ts';
import { HostError } from '../host-error.ts';

const { get, listBlockDevices, listPackages, listAccounts, listContainers } = InventoryServiceLite;

/** A device of /sys: a link from its class to where it is on its bus. */
function putDevice(host: FakeHost, link: string, target: string, files: Readonly<Record<string, string>> = {}): void {
  host.files.putFolder(link.slice(0, link.lastIndexOf('/')));
  const folder = `/sys${target.slice(target.indexOf('/devices'))}`;
  host.files.putFolder(folder);
  for (const [name, text] of Object.entries(files)) host.files.put(`${folder}/${name}`, text);
  host.files.putLink(link, folder);
}

function machine(): FakeHost {
  const host = new FakeHost();
  const dmi = { sys_vendor: 'QEMU', product_name: 'Standard PC', product_uuid: 'aa-bb', bios_vendor: 'SeaBIOS' };
  for (const [name, text] of Object.entries(dmi)) host.files.put(`/sys/class/dmi/id/${name}`, `${text}\n`);
  putDevice(host, '/sys/block/vda', '../devices/pci0000:00/0000:00:01.0/0000:01:00.0/virtio2/block/vda', {
    size: '2048\n',
    serial: 'root-disk\n',
    ro: '0\n',
    'queue/rotational': '1\n',
  });
  putDevice(host, '/sys/block/loop0', '../devices/virtual/block/loop0', { size: '8\n' });
  putDevice(host, '/sys/block/sda', '../devices/pci0000:00/0000:00:1f.2/ata1/host0/block/sda', {
    'device/model': 'QEMU HARDDISK',
  });
  putDevice(host, '/sys/class/net/eth0', '../../devices/pci0000:00/0000:00:03.0/virtio0/net/eth0', {
    address: '52:54:00:12:34:56\n',
    speed: '-1\n',
  });
  putDevice(host, '/sys/class/net/lo', '../../devices/virtual/net/lo');
  host.files.put('/proc/cpuinfo', 'processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\n');
  host.files.put('/sys/devices/system/cpu/online', '0-2,5\n');
  for (const [cpu, socket, core] of [
    [0, 0, 0],
    [1, 0, 0],
    [2, 0, 1],
    [5, 1, 0],
  ] as const) {
    host.files.put(`/sys/devices/system/cpu/cpu${cpu}/topology/physical_package_id`, `${socket}\n`);
    host.files.put(`/sys/devices/system/cpu/cpu${cpu}/topology/core_id`, `${core}\n`);
  }
  host.files.put(
    '/proc/net/route',
    'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\neth0\t00000000\t0202000A\t0003\t0\t0\t100\t00000000\neth0\t0002000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\neth0\t01000000\t00000000\t0200\t0\t0\t0\tFFFFFFFF\n',
  );
  const none = '0'.repeat(32);
  const rest = `${none} 00`;
  host.files.put(
    '/proc/net/ipv6_route',
    [
      `fd000000000000010000000000000000 40 ${rest} ${none} 00000100 00000001 00000000 00000001     eth0`,
      `${none} 00 ${rest} fe800000000000000000000000000002 00000400 00000003 00000000 00000003     eth0`,
      `ff000000000000000000000000000000 08 ${rest} ${none} 00000100 00000003 00000000 00000001     eth0`,
      `fd000000000000010000000000000009 80 ${rest} ${none} 00000000 00000002 00000000 80200001     eth0`,
    ].join('\n'),
  );
  return host;
}

describe('the inventory of a guest', () => {
  it('hardware is found in /sys with PCI and virtio addresses; loops and the loopback are no hardware', async () => {
    const { node } = await startFakeAgent(machine());
    const [found] = (await node.open(get, {})).messages;
    assert.deepEqual([found?.vendor, found?.product, found?.uuid, found?.serial], ['QEMU', 'Standard PC', 'aa-bb', '']);
    assert.deepEqual(
      [found?.cpuModel, found?.cpus, found?.cpuCores, found?.cpuSockets, found?.memoryBytes],
      ['AMD EPYC', 4, 3, 2, 1_024_000_000n],
    );
    const [sda, vda] = found?.disks ?? [];
    assert.equal(found?.disks.length, 2);
    assert.deepEqual(
      [vda?.name, vda?.sizeBytes, vda?.pciAddress, vda?.virtio, vda?.serial, vda?.rotational, vda?.readOnly],
      ['vda', 1_048_576n, '0000:01:00.0', 'virtio2', 'root-disk', true, false],
    );
    assert.deepEqual(
      [sda?.name, sda?.sizeBytes, sda?.pciAddress, sda?.virtio, sda?.model, sda?.removable],
      ['sda', undefined, '0000:00:1f.2', '', 'QEMU HARDDISK', undefined],
    );
    const [card] = found?.cards ?? [];
    assert.deepEqual(
      [found?.cards.length, card?.name, card?.macAddress, card?.virtio, card?.speedMbps],
      [1, 'eth0', '52:54:00:12:34:56', 'virtio0', undefined],
    );
  });

  it('figures of a route are 0, or absent, where its file has what is not 32 bits', async () => {
    const host = machine();
    const zeros = '0'.repeat(32);
    host.files.put(
      '/proc/net/ipv6_route',
      `${zeros} 00 ${zeros} 00 ${zeros} 400000000 294967295f 100000000 00000001 eth0\n`,
    );
    host.files.put('/proc/net/route', 'Iface\neth0 00000000 0 0001 -1 4294967296 -5 00000000 1e10 1.5 -0.5\n');
    const { node } = await startFakeAgent(host);
    const routes = (await node.open(get, {})).messages[0]?.routes ?? [];
    assert.deepEqual(
      routes.map(({ metric, references, uses, mtu, window, irtt }) => [metric, references, uses, mtu, window, irtt]),
      [
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, undefined, undefined, undefined],
      ],
    );
  });

  it('routes of both families are listed, without those of multicast and of the guest’s own addresses', async () => {
    const { node } = await startFakeAgent(machine());
    const [found] = (await node.open(get, {})).messages;
    assert.deepEqual(
      found?.routes.map(({ destination, gateway, interface: name, metric }) => [destination, gateway, name, metric]),
      [
        ['0.0.0.0/0', '10.0.2.2', 'eth0', 100],
        ['10.0.2.0/24', '', 'eth0', 100],
        ['fd00:0:0:1::/64', '', 'eth0', 256],
        ['::/0', 'fe80::2', 'eth0', 1024],
      ],
    );
  });

  it('what a guest does not know is absent, never 0', async () => {
    const host = new FakeHost();
    for (const path of ['/proc/meminfo', '/etc/os-release']) host.files.remove(path);
    const { node } = await startFakeAgent(host);
    const [found] = (await node.open(get, {})).messages;
    assert.deepEqual(
      [found?.cpus, found?.cpuCores, found?.cpuSockets, found?.memoryBytes, found?.swapBytes, found?.disks.length],
      [undefined, undefined, undefined, undefined, undefined, 0],
    );
    assert.deepEqual([found?.vendor, found?.cpuModel, found?.osName], ['', '', '']);
    const topology = machine();
    topology.files.put('/sys/devices/system/cpu/cpu5/topology/physical_package_id', '-1\n');
    const [partly] = (await (await startFakeAgent(topology)).node.open(get, {})).messages;
    assert.deepEqual([partly?.cpus, partly?.cpuCores, partly?.cpuSockets], [4, undefined, undefined]);
  });
});

describe('packages', () => {
  it('packages of dpkg are listed by name without those that were removed, page by page', async () => {
    const host = new FakeHost();
    const entry = (name: string, status: string): string =>
      `Package: ${name}\nStatus: ${status}\nInstalled-Size: 3\nArchitecture: amd64\nVersion: 1:2-3\nDescription: x\n Package: no\n`;
    const names = Array.from({ length: 1500 }, (_, index) => `p${String(1499 - index).padStart(4, '0')}`);
    host.files.put(
      '/var/lib/dpkg/status',
      `${names.map((name) => entry(name, 'install ok installed')).join('\n')}\n${entry('gone', 'deinstall ok config-files')}`,
    );
    const { node, host: running } = await startFakeAgent(host);
    const call = await node.open(listPackages, { pageSize: 1000 });
    // The file is read in pieces, and the loop is yielded to in between.
    for (let turn = 0; turn < 40 && call.reason === undefined; turn++) {
      await running.clock.advance(1);
      await settle();
    }
    const [first] = call.messages;
    assert.deepEqual([first?.manager, first?.total, first?.packages.length, first?.missing], ['dpkg', 1500, 1000, '']);
    const [one] = first?.packages ?? [];
    assert.deepEqual(
      [one?.name, one?.version, one?.architecture, one?.installedBytes],
      ['p0000', '1:2-3', 'amd64', 3072n],
    );
    const more = await node.open(listPackages, { pageSize: 1000, pageToken: first?.nextPageToken ?? '' });
    for (let turn = 0; turn < 40 && more.reason === undefined; turn++) {
      await running.clock.advance(1);
      await settle();
    }
    const [second] = more.messages;
    assert.deepEqual([second?.packages[0]?.name, second?.packages.length, second?.nextPageToken], ['p1000', 500, '']);
  });

  it('packages of apk are read from its database, and those of rpm from its program', async () => {
    const host = new FakeHost();
    host.files.put('/lib/apk/db/installed', 'C:Q1\nP:musl\nV:1.2.5-r0\nA:x86_64\nI:700\nT:libc\n\nP:busybox\nV:1.36\n');
    const { node, host: running } = await startFakeAgent(host);
    const call = await node.open(listPackages, {});
    await running.clock.advance(1);
    await settle();
    assert.equal(call.messages[0]?.manager, 'apk');
    assert.deepEqual(
      call.messages[0]?.packages.map(({ name, version, installedBytes }) => [name, version, installedBytes]),
      [
        ['busybox', '1.36', undefined],
        ['musl', '1.2.5-r0', 700n],
      ],
    );
    const fedora = new FakeHost({
      programs: {
        '/bin/rpm': async ({ write }) => {
          await write('bash\t5.2-1\tx86_64\t8000000\nzlib\t1.3-1\tx86_64\t(none)\n');
          return 0;
        },
      },
    });
    fedora.files.putFolder('/usr/lib/sysimage/rpm');
    const [rpm] = (await (await startFakeAgent(fedora)).node.open(listPackages, {})).messages;
    assert.deepEqual([rpm?.manager, rpm?.packages[0]?.installedBytes], ['rpm', 8_000_000n]);
    assert.deepEqual([rpm?.packages[1]?.version, rpm?.packages[1]?.installedBytes], ['1.3-1', undefined]);
  });

  it('an rpm that fails is an error, and a guest without packages says so', async () => {
    const host = new FakeHost({
      programs: {
        '/bin/rpm': async ({ writeError }) => {
          await writeError('cannot open Packages database\n');
          return 1;
        },
      },
    });
    host.files.putFolder('/var/lib/rpm');
    const call = await (await startFakeAgent(host)).node.open(listPackages, {});
    assert.equal(call.reason, 'GUEST_IO');
    assert.match(call.answers.end?.message ?? '', /cannot open Packages database/);
    const [none] = (await (await startFakeAgent()).node.open(listPackages, {})).messages;
    assert.deepEqual([none?.packages, none?.manager], [[], '']);
    assert.match(none?.missing ?? '', /none of dpkg, apk and rpm/);
  });

  it('pages that are too large, and tokens that are too long, are refused', async () => {
    const { node } = await startFakeAgent();
    const token = 'x'.repeat(5000);
    assert.equal((await node.open(listPackages, { pageSize: 1001 })).reason, 'INVALID_ARGUMENT');
    assert.equal((await node.open(listPackages, { pageToken: token })).reason, 'INVALID_ARGUMENT');
    assert.equal((await node.open(listAccounts, { pageSize: 1001 })).reason, 'INVALID_ARGUMENT');
    assert.equal((await node.open(listAccounts, { pageToken: token })).reason, 'INVALID_ARGUMENT');
  });
});

describe('accounts', () => {
  it('accounts are listed by name with their groups', async () => {
    const { node } = await startFakeAgent();
    const [first] = (await node.open(listAccounts, { pageSize: 1 })).messages;
    assert.deepEqual([first?.total, first?.nextPageToken], [2, 'ana']);
    const [ana] = first?.accounts ?? [];
    assert.deepEqual(
      [ana?.name, ana?.uid, ana?.home, ana?.shell, ana?.groups],
      ['ana', 1000, '/home/ana', '/bin/sh', ['ana', 'audio', 'staff']],
    );
    const [rest] = (await node.open(listAccounts, { pageToken: 'ana' })).messages;
    assert.deepEqual([rest?.accounts.map(({ name }) => name), rest?.nextPageToken], [['root'], '']);
  });
});

/** A runtime that answers with these bytes, after it got a request. */
function runtime(host: FakeHost, path: string, answer: string | undefined): void {
  host.files.putSpecial(path, 'socket');
  const before = host.network.connect;
  host.network.connect = async (target, signal) => {
    if (!('path' in target) || target.path !== path) return before(target, signal);
    const [ours, theirs] = FakeConnection.pair(1024 * 1024);
    if (answer !== undefined) {
      theirs.write(new TextEncoder().encode(answer));
      theirs.endWriting();
    }
    return ours;
  };
}

describe('containers', () => {
  const rows = [
    { Id: 'f'.repeat(64), Names: ['/web'], Image: 'nginx', State: 'running', Status: 'Up', Created: 1_700_000_000 },
    { Id: 7, Names: null, Created: 'x' },
  ];

  it('containers of Docker are listed, and Podman without a socket has a reason instead of an empty list', async () => {
    const host = new FakeHost();
    host.files.putFolder('/run');
    runtime(host, '/run/docker.sock', `HTTP/1.0 200 OK\r\nContent-Type: x\r\n\r\n${JSON.stringify(rows)}`);
    const { node } = await startFakeAgent(host);
    const [docker, podman] = (await node.open(listContainers, {})).messages[0]?.runtimes ?? [];
    assert.deepEqual([docker?.name, docker?.missing, docker?.more], ['docker', '', false]);
    const [web, odd] = docker?.containers ?? [];
    assert.deepEqual(
      [web?.name, web?.image, web?.state, web?.createdUnixNs],
      ['web', 'nginx', 'running', 1_700_000_000_000_000_000n],
    );
    assert.deepEqual([odd?.id, odd?.name, odd?.createdUnixNs], ['', '', undefined]);
    assert.deepEqual([podman?.name, podman?.missing], ['podman', 'no socket at /run/podman/podman.sock']);
  });

  it('a runtime that answers with an error, nonsense, too much or nothing has the reason', async () => {
    for (const [answer, reason] of [
      ['HTTP/1.1 500 Oops\r\n\r\n{}', /HTTP status 500/],
      ['HTTP/1.0 200 OK\r\n\r\n{"a":1}', /not a list/],
      ['HTTP/1.0 200 OK\r\n\r\n[{', /docker\.sock: ./],
      ['SSH-2.0-x', /HTTP status unknown/],
      [`HTTP/1.0 200 OK\r\n\r\n${'['.repeat(600_000)}`, /more than 524288 bytes/],
      [undefined, /no answer within 10 s/],
    ] as const) {
      const host = new FakeHost();
      host.files.putFolder('/run');
      runtime(host, '/run/docker.sock', answer);
      const { node } = await startFakeAgent(host);
      const call = await node.open(listContainers, {});
      if (answer === undefined) await host.clock.advance(11_000);
      const [docker] = call.messages[0]?.runtimes ?? [];
      assert.match(docker?.missing ?? '', reason);
      assert.deepEqual(docker?.containers, []);
    }
    const refused = new FakeHost();
    refused.files.putFolder('/run');
    refused.files.putSpecial('/run/docker.sock', 'socket');
    refused.network.connect = async () => {
      throw new HostError('ECONNREFUSED', 'connect');
    };
    const [docker] = (await (await startFakeAgent(refused)).node.open(listContainers, {})).messages[0]?.runtimes ?? [];
    assert.match(docker?.missing ?? '', /ECONNREFUSED/);
  });

  it('ListBlockDevices says where disks are attached, what they consist of and what they did', async () => {
    const host = new FakeHost();
    const disk = '../../devices/pci0000:00/0000:00:05.0/virtio2/block/vda';
    putDevice(host, '/sys/class/block/vda', disk, { dev: '254:0\n', size: '2048\n', serial: 'root\n' });
    putDevice(host, '/sys/class/block/vda1', `${disk}/vda1`, { dev: '254:1\n', size: '1024\n', partition: '1\n' });
    putDevice(host, '/sys/class/block/dm-0', '../../devices/virtual/block/dm-0', {
      dev: '253:0\n',
      'dm/name': 'data\n',
      'slaves/vda1': '',
    });
    host.files.put('/proc/diskstats', ' 254 0 vda 1 2 3 4 5 6 7 8 9 10 11\n');
    const { node } = await startFakeAgent(host);
    const devices = (await node.open(listBlockDevices, {})).messages[0]?.devices ?? [];
    const [dm, vda, vda1] = devices;
    assert.deepEqual([dm?.name, dm?.alias, dm?.dependencies, dm?.address], ['dm-0', 'data', ['vda1'], undefined]);
    assert.deepEqual(
      [vda?.address?.bus, vda?.address?.pci?.slot, vda?.serial, vda?.sizeBytes],
      ['virtio', 5, 'root', 1_048_576n],
    );
    assert.deepEqual(
      [vda?.counters?.readIos, vda?.counters?.weightedTicksMs, vda?.counters?.discardIos],
      [1n, 11n, undefined],
    );
    assert.deepEqual([vda1?.partitionOf, vda1?.minor], ['vda', 1]);
  });
});
