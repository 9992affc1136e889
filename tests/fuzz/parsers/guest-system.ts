import assert from 'node:assert/strict';
import { create } from '@bufbuild/protobuf';
import {
  ListContainersResponseSchema,
  ListPackagesRequestSchema,
  ListPackagesResponseSchema,
  LogBatchSchema,
  ReadLogRequestSchema,
  SystemSettingsSchema,
  UnitSchema,
  UpdateManifestSchema,
} from '@innkeeper/contract/agent';
import { updateKeyLine } from '@innkeeper/contract/agent-update';
import { parseConfig } from '../../../packages/agent-core/src/config/read-config.ts';
import { agentProcesses } from '../../../packages/agent-core/src/doctor/process-findings.ts';
import { unitFinding } from '../../../packages/agent-core/src/doctor/unit-finding.ts';
import type { Connection } from '../../../packages/agent-core/src/host.ts';
import { listContainers } from '../../../packages/agent-core/src/inventory/containers.ts';
import { listPackages } from '../../../packages/agent-core/src/inventory/packages.ts';
import { LineSplitter } from '../../../packages/agent-core/src/lines/line-splitter.ts';
import { FileLog } from '../../../packages/agent-core/src/log/file-log.ts';
import { readJournal } from '../../../packages/agent-core/src/log/journal-log.ts';
import { readKernelLog } from '../../../packages/agent-core/src/log/kernel-log.ts';
import { LogFeed } from '../../../packages/agent-core/src/log/log-feed.ts';
import { detectManager, readManagerFacts } from '../../../packages/agent-core/src/network/detect-manager.ts';
import { withoutInterface } from '../../../packages/agent-core/src/network/managers/ifupdown.ts';
import { readResolvers } from '../../../packages/agent-core/src/network/plan-change.ts';
import { setHostname } from '../../../packages/agent-core/src/system/names.ts';
import { readSettings } from '../../../packages/agent-core/src/system/settings.ts';
import { ScriptUnits } from '../../../packages/agent-core/src/unit/script-units.ts';
import { SystemdUnits } from '../../../packages/agent-core/src/unit/systemd-units.ts';
import { checkManifest } from '../../../packages/agent-core/src/update/check-manifest.ts';
import { type Parser, textOf } from '../parser.ts';
import { checkAnswer, guestWith, refusesAsOperation, textsOf } from './fake-guest.ts';
import { checkSplits } from './helpers.ts';

const covers =
  /\/packages\/(agent-core\/src\/(config|doctor|inventory|lines|log|network|system|unit|update)|contract\/src\/agent-update)/;
const { signal } = new AbortController();
const journalRequest = create(ReadLogRequestSchema);

const toml: Parser = {
  name: 'agent-config',
  covers,
  seeds: () => [
    'telemetry_interval_secs = 5\nhttp_address = "127.0.0.1:8080"\n[policy]\nroots = ["/srv", # x\n "/a\\"b"]\nread_only = true\n[rate_limits]\nexec = 5\n',
    'device_path = "auto"\n[policy]\nfeatures_off = []\ncommands = ["/bin/sh"]\nwrite_roots=["/"]\n',
  ],
  dictionary: ['[policy]\n', 'roots = ', '"', '\\', '[', ']', '#', '= ', 'true', '\n', '__proto__ = 1\n', 'all = 1'],
  run: (bytes) => {
    const text = textOf(bytes);
    const lines = text.split('\n').length;
    for (const { line, message } of parseConfig(text, '/etc/x').problems)
      assert.ok(line >= 0 && line <= lines && !message.includes('\n') && message.length < 400, message);
  },
};

const packages = (name: string, path: string, seeds: readonly string[], dictionary: readonly string[]): Parser => ({
  name,
  covers,
  seeds: () => seeds,
  dictionary,
  refuses: refusesAsOperation,
  run: async (bytes) => {
    const host = guestWith({ [path]: bytes });
    const answer = await listPackages(host, create(ListPackagesRequestSchema), signal);
    checkAnswer(ListPackagesResponseSchema, answer);
  },
});

const dpkg = packages(
  'dpkg-status',
  '/var/lib/dpkg/status',
  [
    'Package: a\nStatus: install ok installed\nInstalled-Size: 7\nArchitecture: all\nVersion: 1:2-3\nDescription: x\n y\n\nPackage: b\n',
  ],
  ['Package: ', 'Version: ', '\n\n', 'Status: install ok installed\n', 'Installed-Size: '],
);
const apk = packages(
  'apk-installed',
  '/lib/apk/db/installed',
  ['C:Q1\nP:musl\nV:1.2-r1\nA:x86_64\nI:600\n\nP:b\nV:1\n'],
  ['P:', 'V:', 'A:', 'I:', '\n\n'],
);

const rpm: Parser = {
  name: 'rpm-list',
  covers,
  seeds: () => ['bash\t5.2-1\tx86_64\t123\nbash\t5.1-1\tx86_64\t(none)\n'],
  dictionary: ['\t', '\n'],
  refuses: refusesAsOperation,
  run: async (bytes) => {
    const print = async ({ write }: { write(bytes: Uint8Array): Promise<void> }): Promise<number> => {
      await write(bytes);
      return 0;
    };
    const host = guestWith({ '/var/lib/rpm/rpmdb.sqlite': 'x' }, { '/usr/bin/rpm': print });
    checkAnswer(ListPackagesResponseSchema, await listPackages(host, create(ListPackagesRequestSchema), signal));
  },
};

/** A connection whose peer writes these bytes and then its end. */
export function connectionOf(bytes: Uint8Array): Connection {
  let left = bytes;
  return {
    readable: async () => undefined,
    read: (into) => {
      if (left.length === 0) return undefined;
      const piece = left.subarray(0, Math.min(into.length, 1000));
      into.set(piece);
      left = left.subarray(piece.length);
      return piece.length;
    },
    write: (written) => written.length,
    writable: async () => undefined,
    endWriting: () => undefined,
    close: () => undefined,
  };
}

const containers: Parser = {
  name: 'container-list',
  covers,
  seeds: () => [
    'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n[{"Id":"abc","Names":["/web"],"Image":"nginx","State":"running","Status":"Up","Created":9}]',
    'HTTP/1.1 500 no\r\n\r\n{}',
  ],
  dictionary: ['HTTP/1.1 200', '\r\n\r\n', '[', '{"Names":[null]}', '"Created":1e300', 'null', ','],
  run: async (bytes) => {
    const host = guestWith({ '/run/docker.sock': '' });
    host.network.connect = async () => connectionOf(bytes);
    checkAnswer(ListContainersResponseSchema, { runtimes: await listContainers(host, signal) });
  },
};

/** Where the batches of a log go, each checked. */
function checkedFeed(messages: string[], lines = 100): LogFeed {
  return new LogFeed(
    async (batch) => {
      checkAnswer(LogBatchSchema, batch);
      messages.push(...(batch.entries ?? []).map(({ message = '' }) => message));
    },
    { text: '', lines, cursor: '' },
    false,
  );
}

const journal: Parser = {
  name: 'journal-entries',
  covers,
  seeds: () => [
    '{"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"1700000000000000","MESSAGE":"hi","PRIORITY":"6","_PID":"7","SYSLOG_IDENTIFIER":"x"}\n{"MESSAGE":[104,105]}\n',
    '{"MESSAGE":["a","b"],"__CURSOR":null}\n[]\nnull\n1\n',
  ],
  dictionary: ['"MESSAGE":', '[1,2]', '[[', ']', 'null', '\n', '{}', '"__REALTIME_TIMESTAMP":"999999999999999999"'],
  refuses: refusesAsOperation,
  run: async (bytes) => {
    const print = async ({ write }: { write(bytes: Uint8Array): Promise<void> }): Promise<number> => {
      await write(bytes);
      return 0;
    };
    await readJournal(guestWith({}, { '/usr/bin/journalctl': print }), checkedFeed([]), journalRequest, signal);
  },
};

const kernelLog: Parser = {
  name: 'kernel-log',
  covers,
  seeds: () => ['6,339,5140900,-;message \\x41\n SUBSYSTEM=pci\n', '14,18446744073709551615,1,c,x=y;text'],
  dictionary: [',', ';', '\\xff', '\n', '-'],
  refuses: refusesAsOperation,
  run: async (bytes) => {
    await readKernelLog(guestWith({ '/dev/kmsg': bytes }), checkedFeed([]), '', false, signal);
  },
};

const fileLog: Parser = {
  name: 'file-log',
  covers,
  seeds: () => ['one\ntwo\n\nthree', '\n', 'x'.repeat(3000)],
  dictionary: ['\n', '\r', Uint8Array.of(0xff), Uint8Array.of(0xef, 0xbb, 0xbf)],
  refuses: refusesAsOperation,
  run: async (bytes) => {
    const host = guestWith({ '/var/log/x': bytes });
    const messages: string[] = [];
    await new FileLog(host, '/var/log/x', checkedFeed(messages, 3), signal).read('', false);
    const lines = textOf(bytes).split('\n');
    if (lines.at(-1) === '') lines.pop();
    // Bytes that are no text are decoded line by line.
    const isText = !textOf(bytes).includes('\ufffd') && !bytes.includes(0xef);
    if (isText && bytes.length < 10_000) assert.deepEqual(messages, lines.slice(-3));
  },
};

const lines: Parser = {
  name: 'line-splitter',
  covers,
  seeds: () => ['one\ntwo\n\nthree', `${'x'.repeat(100)}\ny\n`],
  dictionary: ['\n', 'x'.repeat(40)],
  run: (bytes) => {
    checkSplits(bytes, (pieces) => {
      const splitter = new LineSplitter(50);
      const found: string[] = [];
      for (const piece of pieces) found.push(...splitter.push(piece));
      return [...found, ...splitter.finish()];
    });
  },
};

const networkFiles: Parser = {
  name: 'network-files',
  covers,
  seeds: () => [
    'auto lo eth0\niface lo inet loopback\n# x\niface eth0 inet static\n\taddress 10.0.0.2/24\n\tup a \\\n b\nallow-hotplug eth0\nsource /etc/network/interfaces.d/*\n',
    'iface eth0 inet dhcp\0nameserver 1.1.1.1\nsearch a b\n\0connection-uuid=x\n\0NETWORK_FILE=/x\n',
  ],
  dictionary: [
    'iface eth0 inet ',
    'auto ',
    'eth0',
    '\\\n',
    '\n',
    '\t',
    '#',
    'allow-x ',
    'source ',
    'nameserver ',
    '\0',
  ],
  run: (bytes) => {
    const [interfaces = '', resolv = '', manager = '', networkd = ''] = textsOf(bytes, 4);
    const rest = withoutInterface(interfaces, 'eth0');
    assert.equal(withoutInterface(rest, 'eth0'), rest, 'something of the interface was left');
    const host = guestWith({
      '/etc/network/interfaces': interfaces,
      '/etc/resolv.conf': resolv,
      '/run/NetworkManager/devices/2': manager,
      '/run/systemd/netif/links/2': networkd,
    });
    for (const program of ['ifup', 'nmcli', 'networkctl']) host.files.put(`/usr/sbin/${program}`, '', { mode: 0o755 });
    detectManager(readManagerFacts(host, { name: 'eth0', index: 2 }));
    assert.ok(readResolvers(host).dns.length < 100);
  },
};

const names: Parser = {
  name: 'hosts-and-settings',
  covers,
  seeds: () => ['old\0' + '127.0.0.1 localhost\n127.0.1.1 old.lan old\n::1 x\n\0LANG="C.UTF-8"\n\0ssh-ed25519 AAAA x'],
  dictionary: ['\0', '127.0.1.1 ', 'old', '\n', 'LANG=', '"'],
  refuses: refusesAsOperation,
  run: async (bytes) => {
    const [hostname = '', hosts = '', locale = '', key = ''] = textsOf(bytes, 4);
    const host = guestWith({
      '/etc/hostname': hostname,
      '/etc/hosts': hosts,
      '/etc/default/locale': locale,
      '/etc/timezone': locale,
      '/etc/machine-id': key,
      '/etc/ssh/ssh_host_rsa_key.pub': key,
    });
    checkAnswer(SystemSettingsSchema, readSettings(host));
    await setHostname(host, 'new-name');
    assert.equal(host.files.text('/etc/hosts').trim().split('\n').length, hosts.trim().split('\n').length);
  },
};

const units: Parser = {
  name: 'unit-states',
  covers,
  seeds: () => [
    'Id=ssh.service\nDescription=SSH\nLoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nMainPID=7\nMemoryCurrent=18446744073709551615\nStateChangeTimestampMonotonic=5\nExecMainCode=1\nExecMainStatus=3\nNRestarts=2\n\nId=x.service\nLoadState=masked\n',
    '#!/bin/sh\n### BEGIN INIT INFO\n# Short-Description: x\n',
  ],
  dictionary: [
    '\n\n',
    'Id=',
    'MainPID=',
    'NRestarts=',
    'ExecMainStatus=',
    'MemoryCurrent=',
    'description="',
    '=',
    '\0',
  ],
  refuses: refusesAsOperation,
  run: async (bytes) => {
    const [shown = '', script = '', pid = ''] = textsOf(bytes, 3);
    const host = guestWith({
      '/run/openrc/started/x': '',
      '/run/openrc/options/x/pidfile': pid,
      '/proc/self/cgroup': pid,
    });
    host.files.put('/etc/init.d/x', script, { mode: 0o755 });
    host.jobs.answer = () => ({ stdout: shown });
    for (const unit of await new SystemdUnits(host).describe(['x'])) checkAnswer(UnitSchema, unit);
    for (const unit of await new ScriptUnits(host, true).describe(['x'])) checkAnswer(UnitSchema, unit);
    checkAnswer(UnitSchema, await new ScriptUnits(host, false).get('x'));
    agentProcesses(host);
    await unitFinding(host);
  },
};

const updateKeys: Parser = {
  name: 'update-manifest',
  covers,
  seeds: () => [
    [updateKeyLine('ab'.repeat(32), 'me'), '0.2.0', 'x86_64', '100'].join('\0'),
    ['rsa x\n', '1', 'y', '-5'].join('\0').padEnd(80, ' '),
  ],
  dictionary: ['ed25519 ', '\n', '\0', '1.2.3-rc1', 'x86_64', '33554433'],
  refuses: refusesAsOperation,
  run: (bytes) => {
    const [keys = '', version = '', architecture = '', size = ''] = textsOf(bytes, 4);
    const host = guestWith({ '/keys': keys });
    const manifest = create(UpdateManifestSchema, {
      version,
      architecture,
      size: BigInt(/^\d{1,18}$/.exec(size)?.[0] ?? 0),
      sha256: bytes.subarray(0, 32),
      signature: bytes.subarray(0, 64),
      allowOlder: true,
    });
    // Nobody signed it.
    assert.throws(() => checkManifest(host, '/keys', manifest), refusesAsOperation);
  },
};

export const parsers: readonly Parser[] = [
  toml,
  dpkg,
  apk,
  rpm,
  containers,
  journal,
  kernelLog,
  fileLog,
  lines,
  networkFiles,
  names,
  units,
  updateKeys,
];
