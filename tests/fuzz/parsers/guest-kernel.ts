import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { InventorySchema, ListHardwareResponseSchema, TelemetrySchema } from '@innkeeper/contract/agent';
import { HardwareKind } from '@innkeeper/contract/agent-lite';
import { listFilesystems } from '../../../packages/agent-core/src/filesystem/list-filesystems.ts';
import { neverFrozen } from '../../../packages/agent-core/src/freeze-state.ts';
import { parseProcessStat } from '../../../packages/agent-core/src/guest-process/parse-process-stat.ts';
import { systemInventory } from '../../../packages/agent-core/src/inventory/system-inventory.ts';
import {
  formatAddress,
  isInside,
  parseAddress,
  parsePrefix,
} from '../../../packages/agent-core/src/network/ip-address.ts';
import * as netlink from '../../../packages/agent-core/src/network/netlink.ts';
import { listHardware } from '../../../packages/agent-core/src/power/hardware.ts';
import { canSuspend } from '../../../packages/agent-core/src/power/suspend.ts';
import { ExecGroups } from '../../../packages/agent-core/src/process/exec-group.ts';
import { wasOutOfMemory } from '../../../packages/agent-core/src/process/out-of-memory.ts';
import { parseMounts } from '../../../packages/agent-core/src/telemetry/parse-mounts.ts';
import { TelemetrySampler } from '../../../packages/agent-core/src/telemetry/telemetry-sampler.ts';
import { parseProcessStat as parseHostStat } from '../../../packages/hypervisor/src/process/process-identity.ts';
import { type Parser, textOf } from '../parser.ts';
import { checkAnswer, guestWith, refusesAsOperation, textsOf } from './fake-guest.ts';

const covers = /\/packages\/agent-core\/src\/(filesystem|guest-process|inventory|network|power|process|telemetry)\//;

/** The kernel counts nothing beyond. */
const maxDigits = 15;
const longNumber = /\d{16,}/g;

const mountinfo: Parser = {
  name: 'mountinfo',
  covers,
  seeds: () => [
    '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n23 22 0:5 / /proc rw - proc proc rw\n',
    '30 22 0:40 / /mnt\\040x ro - overlay overlay rw,lowerdir=/a,upperdir=/b,workdir=/c\n31 30 7:0 /x /mnt/y rw - nfs4 h:/ ro\n',
  ],
  dictionary: [' - ', '\\040', ' / ', '0:', 'overlay', 'upperdir=', 'btrfs', 'fuse.x', 'ext4', ',', '\n'],
  refuses: refusesAsOperation,
  run: async (bytes) => {
    const text = textOf(bytes);
    const numbers = parseMounts(text).map(({ deviceNumber }) => deviceNumber);
    assert.equal(new Set(numbers).size, numbers.length);
    const host = guestWith({ '/proc/self/mountinfo': text });
    for (const { entry, others } of listFilesystems(host).disks) assert.ok(!others.includes(entry));
    checkAnswer(TelemetrySchema, await new TelemetrySampler(host, () => 0, neverFrozen).sample());
  },
};

const figures: Parser = {
  name: 'proc-figures',
  covers,
  seeds: () => [
    [
      'cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 1\n',
      'MemTotal:  1000 kB\nMemFree:  400 kB\nMemAvailable:  600 kB\nBuffers:  10 kB\nCached:  150 kB\n',
      '0.10 0.20 0.30 1/80 400\n',
      'some avg10=1.00 avg60=0.50 avg300=0.10 total=1234\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n',
      '100.25 3.00\n',
      '77 (innkeeper-agent) S 1 1 1 0 -1 0 0 0 0 0 12 8 0 0 20 0 1 0 100 3000000 600',
    ].join('\0'),
  ],
  dictionary: [
    '\0',
    '\n',
    'cpu',
    ' 0',
    'MemTotal:',
    'MemAvailable:',
    'full',
    '18446744073709551615',
    'SwapFree: 1 kB\n',
  ],
  refuses: refusesAsOperation,
  run: async (bytes) => {
    const texts = textsOf(bytes, 6).map((text) => text.replace(longNumber, (digits) => digits.slice(0, maxDigits)));
    const [stat = '', memory = '', load = '', pressure = '', uptime = '', own = ''] = texts;
    const host = guestWith({
      '/proc/stat': stat,
      '/proc/meminfo': memory,
      '/proc/loadavg': load,
      '/proc/pressure/cpu': pressure,
      '/proc/pressure/io': pressure,
      '/proc/uptime': uptime,
      '/proc/self/stat': own,
    });
    const sampler = new TelemetrySampler(host, () => 0, neverFrozen);
    checkAnswer(TelemetrySchema, await sampler.sample());
    await host.clock.advance(1000);
    checkAnswer(TelemetrySchema, await sampler.sample());
  },
};

const processStat: Parser = {
  name: 'process-stat',
  covers: /\/packages\/(agent-core\/src\/guest-process|hypervisor\/src\/process)\//,
  seeds: () => ['77 (a) b) S 1 1 1 0 -1 0 0 0 0 0 12 8 0 0 20 0 1 0 100 3000000 600 18446744073709551615\n', '1 () Z'],
  dictionary: [') ', '(', ' ', '-1', 'S', '1e9'],
  run: (bytes) => {
    const text = textOf(bytes);
    const stat = parseProcessStat(text.trim());
    if (stat !== undefined) assert.ok(/^[A-Za-z]$/.test(stat.state) && stat.rssPages >= 0);
    parseHostStat(text);
  },
};

const inventory: Parser = {
  name: 'system-inventory',
  covers,
  seeds: () => [
    [
      'ID=debian\nPRETTY_NAME="Debian \\"13\\""\nVERSION_ID=\'13\'\n',
      'processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: QEMU Virtual CPU\n',
      '0-3,5\n',
      'QEMU\n',
      'Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT\neth0 00000000 0202000A 0003 0 0 100 00000000 0 0 0\neth0 0002000A 00000000 0001 0 0 100 00FFFFFF 0 0 0\n',
      '20010db8000000000000000000000000 40 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003 eth0\n',
      '2097152',
    ].join('\0'),
  ],
  dictionary: ['\0', '\n', '0-4294967295', '-', ',', 'NAME=', '"', "'", ' FFFFFFFF ', ' 0003 '],
  run: (bytes) => {
    const [release = '', cpuinfo = '', online = '', dmi = '', ipv4 = '', ipv6 = '', sectors = ''] = textsOf(bytes, 7);
    const host = guestWith({
      '/etc/os-release': release,
      '/proc/cpuinfo': cpuinfo,
      '/sys/devices/system/cpu/online': online,
      '/sys/devices/system/cpu/cpu0/topology/physical_package_id': '0',
      '/sys/devices/system/cpu/cpu0/topology/core_id': '0',
      '/sys/class/dmi/id/sys_vendor': dmi,
      '/sys/class/dmi/id/product_serial': dmi,
      '/proc/net/route': ipv4,
      '/proc/net/ipv6_route': ipv6,
      '/proc/meminfo': cpuinfo,
      '/sys/devices/pci0000:00/0000:00:03.0/virtio1/block/vda/size': sectors,
      '/sys/devices/pci0000:00/0000:00:03.0/virtio1/block/vda/ro': online,
      '/sys/devices/pci0000:00/0000:00:04.0/virtio2/net/eth0/speed': sectors,
      '/sys/devices/pci0000:00/0000:00:04.0/virtio2/net/eth0/address': dmi,
    });
    host.files.putFolder('/sys/block');
    host.files.putFolder('/sys/class/net');
    host.files.putLink('/sys/block/vda', '/sys/devices/pci0000:00/0000:00:03.0/virtio1/block/vda');
    host.files.putLink('/sys/class/net/eth0', '/sys/devices/pci0000:00/0000:00:04.0/virtio2/net/eth0');
    checkAnswer(InventorySchema, systemInventory(host));
  },
};

const addresses: Parser = {
  name: 'ip-address',
  covers,
  seeds: () => ['10.0.2.15', '2001:db8::1', '::', '::ffff:1.2.3.4', 'fe80::1/64', '1:2:3:4:5:6:7:8', '192.0.2.5/24'],
  dictionary: ['::', ':', '.', '/', 'ffff', '255', '0', '1.2.3.4', '/128'],
  run: (bytes) => {
    const text = textOf(bytes);
    const address = parseAddress(text);
    // A zone belongs to an interface, not to the address.
    if (!text.includes('%')) assert.equal(address === undefined ? 0 : address.length === 4 ? 4 : 6, isIP(text));
    if (address !== undefined) {
      const shown = formatAddress(address);
      assert.deepEqual(parseAddress(shown), address, `${text} is shown as ${shown}`);
      // As RFC 5952 has it, which is what browsers write.
      if (address.length === 16) assert.equal(shown, new URL(`http://[${text}]`).hostname.slice(1, -1));
    }
    const prefix = parsePrefix(text);
    if (prefix !== undefined) assert.ok(isInside(prefix.bytes, prefix));
  },
};

const netlinkBodies: Parser = {
  name: 'netlink',
  covers,
  seeds: () => [
    netlink.addressBody(2, Uint8Array.of(10, 0, 2, 15), 24),
    netlink.routeBody(2, {
      destination: Uint8Array.of(10, 1, 0, 0),
      length: 16,
      gateway: Uint8Array.of(10, 0, 2, 2),
      metric: 100,
      onLink: true,
    }),
    netlink.neighbourBody(2, Uint8Array.of(10, 0, 2, 2), 0x10),
    netlink.linkBody(2, true, 1500),
  ],
  run: (bytes) => {
    const { text, flags, body } = netlink.parseAddressBody(bytes);
    const again = netlink.parseAddressBody(body);
    if (bytes.length >= 8) assert.deepEqual([again.text, again.flags], [text, flags]);
    netlink.parseNeighbourBody(bytes);
    const route = netlink.parseRouteBody(bytes);
    if (route === undefined) return;
    const { gateway, metric, ...rest } = netlink.parseRouteBody(route.body) ?? route;
    assert.deepEqual([gateway, metric, rest.text], [route.gateway, route.metric, route.text]);
  },
};

const control: Parser = {
  name: 'kernel-control-files',
  covers,
  seeds: () => [
    ['8000000', 'mem', 's2idle [deep]', '0::/system.slice/x.service\n', '12\n34\n', '176'].join('\0'),
    '0\0freeze mem\0deep',
  ],
  dictionary: ['\0', '0::/', '[deep]', 'mem', '\n', '0x', '-1'],
  refuses: refusesAsOperation,
  run: (bytes) => {
    const [size = '', state = '', depth = '', cgroup = '', members = '', loader = ''] = textsOf(bytes, 6);
    const host = guestWith({
      '/sys/devices/system/memory/block_size_bytes': size,
      '/sys/devices/system/memory/memory1/online': state,
      '/sys/power/state': state,
      '/sys/power/mem_sleep': depth,
      '/proc/self/cgroup': cgroup,
      '/sys/fs/cgroup/cgroup.procs': '',
      '/sys/fs/cgroup/system.slice/x.service/cgroup.procs': members,
      '/proc/sys/kernel/bootloader_type': loader,
    });
    canSuspend(host);
    checkAnswer(ListHardwareResponseSchema, listHardware(host, HardwareKind.MEMORY));
    const group = new ExecGroups(host).create();
    for (const pid of group?.members() ?? []) assert.ok(Number.isInteger(pid));
  },
};

const killRecord: Parser = {
  name: 'out-of-memory-record',
  covers,
  seeds: () => [
    '6,812,5140900,-;oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),task_memcg=/,task=tail,pid=123,uid=0\n',
    '14,1,1,-;text\n SUBSYSTEM=x\n',
  ],
  dictionary: [',pid=', ',uid=', ';oom-kill:', '\n', '-'],
  run: (bytes) => {
    const host = guestWith({ '/dev/kmsg': bytes });
    wasOutOfMemory(host, { pid: 123, exit: { exitCode: undefined, signal: 9 }, startedMs: 0 });
  },
};

export const parsers: readonly Parser[] = [
  mountinfo,
  figures,
  processStat,
  inventory,
  addresses,
  netlinkBodies,
  control,
  killRecord,
];
