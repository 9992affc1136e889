import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, fromJson, type JsonValue } from '@bufbuild/protobuf';
import {
  FrameSchema,
  InventorySchema,
  SetNetworkRequestSchema,
  SystemSchema,
  TelemetrySchema,
} from '@innkeeper/contract/agent';
import {
  AddressMethod,
  ControlUnitResponseLite,
  ExecEventLite,
  FileInfoLite,
  FileKind,
  FilesystemVerdict,
  FreezePhase,
  FreezeReportLite,
  GetUnitResponseLite,
  InventoryLite,
  ListDirectoryResponseLite,
  ListPackagesResponseLite,
  ListProcessesResponseLite,
  ListUnitsResponseLite,
  NetworkReportLite,
  PingResponseLite,
  ReadFileEventLite,
  RemoveFileResponseLite,
  SetNetworkRequestLite,
  SignalProcessResponseLite,
  SyncClockResponseLite,
  SystemLite,
  TelemetryLite,
  UnitBoot,
  UnitState,
  UserAccountLite,
} from '@innkeeper/contract/agent-lite';
import { type AgentMessage, AgentMessageSchema, SyncTimeRequestSchema } from '@innkeeper/contract/agent-message';
import { AgentMessageLite } from '@innkeeper/contract/agent-message-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import {
  type AgentMessageCall,
  AgentMessageReceiver,
  type AgentMessageReply,
  AgentReceiver,
  agentReadyEvent,
  ByteBudget,
  encodeFrame,
  fileWriteReply,
  NodeReceiver,
  openingBytes,
  portableByteOps as ops,
  payloadField,
  printReply,
  refusalReply,
  telemetryEvent,
  translateRequest,
} from '@innkeeper/wire';
import { goldenFiles } from './golden-files.ts';

describe('proto/golden/native', () => {
  for (const golden of goldenFiles('native')) {
    const { session, payload } = fromJson(FrameSchema, golden.json as JsonValue);
    const bytes = golden.bytes['frame'] ?? new Uint8Array(0);

    it(`${golden.name} is encoded as recorded`, () => {
      assert.deepEqual(encodeFrame(session, payload, ops), bytes);
    });

    it(`${golden.name} is decoded as recorded`, () => {
      const agent = new AgentReceiver(ops);
      const node = new NodeReceiver(ops);
      node.begin(session);
      if (payload.case === 'hello') {
        assert.deepEqual(
          [...agent.push(new Uint8Array([...new Uint8Array(65_544), ...bytes]))],
          [{ type: 'hello', session, hello: payload.value }],
        );
      } else if (payload.case === 'welcome') {
        assert.deepEqual([...node.push(bytes)], [{ type: 'welcome', welcome: payload.value }]);
      } else {
        agent.push(openingBytes(session, {}, ops));
        assert.equal([...node.push(encodeFrame(session, { case: 'welcome', value: {} }, ops))].length, 1);
        assert.deepEqual([...agent.push(bytes)], [{ type: 'frame', payload }]);
        assert.deepEqual([...node.push(bytes)], [{ type: 'frame', payload }]);
      }
    });
  }
});

const agentMessages = goldenFiles('agent-message').map((golden) => ({
  ...golden,
  message: fromJson(AgentMessageSchema, golden.json as JsonValue),
}));

describe('proto/golden/agent-message', () => {
  for (const { name, message, bytes } of agentMessages) {
    it(`${name} is decoded as recorded, with either header and split anywhere`, () => {
      for (const [form, recorded] of Object.entries(bytes)) {
        for (let cut = 0; cut <= recorded.length; cut++) {
          const receiver = new AgentMessageReceiver({ maxBytes: 100_000 });
          const incoming = [...receiver.push(recorded.slice(0, cut)), ...receiver.push(recorded.slice(cut))];
          assert.deepEqual(incoming, [{ type: 'message', form, message, lengthBytes: length(recorded, form) }]);
          assert.equal(receiver.pending, false);
        }
      }
    });

    it(`${name} is encoded as recorded`, () => {
      const plain = bytes['plain'] ?? new Uint8Array(0);
      assert.deepEqual(liteEncode(AgentMessageLite, message), plain.slice(4));
    });
  }
});

function length(recorded: Uint8Array, form: string): number {
  return recorded.length - (form === 'magic' ? 8 : 4);
}

/** The agent's responses to the golden requests, from results of the methods. */
describe('responses of the agent', () => {
  const byName = new Map(agentMessages.map((golden) => [golden.name, golden]));

  function messageOf(name: string): AgentMessage {
    const golden = byName.get(name);
    assert.ok(golden, name);
    return golden.message;
  }

  function assertRecorded(name: string, reply: AgentMessageReply): void {
    const { messageId, timestamp } = messageOf(name);
    const wallTimeNs = (timestamp?.seconds ?? 0n) * 1_000_000_000n + BigInt(timestamp?.nanos ?? 0);
    for (const form of ['plain', 'magic'] as const) {
      const printed = printReply(reply, { form, messageId, wallTimeNs });
      assert.deepEqual(new Uint8Array(Buffer.concat(printed)), byName.get(name)?.bytes[form], name);
    }
  }

  function callOf(request: string): AgentMessageCall {
    const options = { freshId: () => 'p1', allowance: new ByteBudget(1 << 20).open() };
    const translated = translateRequest(messageOf(request), options);
    assert.ok(translated.kind === 'call');
    return translated.call;
  }

  function answer(request: string, bodies: readonly Uint8Array[], error?: OperationError): AgentMessageReply {
    const call = callOf(request);
    for (const body of bodies) call.take(body);
    return call.finish(error);
  }

  it('the agent’s response to ping is the recorded pong', () => {
    const body = liteEncode(PingResponseLite, { sequence: 7n, agentVersion: '0.1.0', agentUptimeSeconds: 86_401n });
    assertRecorded('pong', answer('ping', [body]));
  });

  it('the agent’s response to execute is as recorded', () => {
    const text = (value: string): Uint8Array => new TextEncoder().encode(value);
    const events = [
      liteEncode(ExecEventLite, { event: { case: 'started', value: { id: 'p1' } } }),
      // "ë" is split.
      liteEncode(ExecEventLite, { event: { case: 'output', value: { stream: 1, data: text('Zoë').slice(0, 3) } } }),
      liteEncode(ExecEventLite, { event: { case: 'output', value: { stream: 2, data: text('/root\n') } } }),
      liteEncode(ExecEventLite, { event: { case: 'output', value: { stream: 1, data: text('ë\n').slice(1) } } }),
      liteEncode(ExecEventLite, {
        event: {
          case: 'exited',
          value: { status: { case: 'exitCode', value: 3 }, ending: 1, truncated: true, durationMs: 12n },
        },
      }),
    ];
    assertRecorded('execute_response', answer('execute', events));
    const error = new OperationError('COMMAND_NOT_FOUND', 'No program "nope" in PATH.');
    assertRecorded('execute_response-error', answer('execute', [], error));
  });

  it('the agent’s response to file_read is as recorded', () => {
    const events = [
      liteEncode(ReadFileEventLite, {
        event: { case: 'info', value: { sizeBytes: 11n, mode: 0o644, modifiedUnixNs: -500_000_000n } },
      }),
      liteEncode(ReadFileEventLite, {
        event: { case: 'chunk', value: { offset: 2n, data: new TextEncoder().encode('nnkeeper\n') } },
      }),
      liteEncode(ReadFileEventLite, { event: { case: 'done', value: { bytes: 9n } } }),
    ];
    assertRecorded('file_read_response', answer('file_read', events));
    const error = new OperationError('FILE_NOT_FOUND', 'No file /etc/hostname.');
    assertRecorded('file_read_response-error', answer('file_read', [], error));
  });

  it('the agent’s response to file_write is as recorded', () => {
    const { payload } = messageOf('file_write');
    assert.ok(payload.case === 'fileWrite');
    assertRecorded('file_write_response', fileWriteReply(payload.value, undefined));
    const error = new OperationError('GUEST_DISK_FULL', 'No space left on the device of /srv.');
    assertRecorded('file_write_response-error', fileWriteReply(payload.value, error));
  });

  it('the agent’s response to shutdown is as recorded', () =>
    assertRecorded('shutdown_response', answer('shutdown', [])));

  it('the agent’s response to an unsupported request is the recorded refusal', () => {
    assertRecorded(
      'error',
      refusalReply(0, new OperationError('UNSUPPORTED_BY_AGENT', 'This agent does not serve it.')),
    );
    for (const request of ['display_resize', 'clipboard_update', 'clipboard_get', 'agent_update']) {
      const message = messageOf(request);
      const translated = translateRequest(message, { freshId: () => 'p1', allowance: new ByteBudget(0).open() });
      assert.ok(translated.kind === 'unsupported');
      const error = new OperationError('UNSUPPORTED_BY_AGENT', translated.why);
      assertRecorded(`${request}_response-error`, refusalReply(payloadField(message), error));
    }
  });

  it('the agent’s responses about folders are as recorded', () => {
    const modifiedUnixNs = 1_795_244_400_000_000_000n;
    const root = { uid: 0, gid: 0, user: 'root', group: 'root' };
    const page = {
      entries: [
        { path: '/etc/hostname', kind: FileKind.REGULAR, sizeBytes: 6n, mode: 0o644, modifiedUnixNs, ...root },
        {
          path: '/etc/mtab',
          kind: FileKind.SYMLINK,
          sizeBytes: 19n,
          mode: 0o777,
          uid: 1000,
          gid: 1000,
          modifiedUnixNs: modifiedUnixNs + 500_000_000n,
          symlinkTarget: '../proc/self/mounts',
        },
      ],
      nextPageToken: 'after-mtab',
      total: 180n,
    };
    assertRecorded('list_directory_response', answer('list_directory', [liteEncode(ListDirectoryResponseLite, page)]));
    const missing = new OperationError('FILE_NOT_FOUND', 'No folder /nope.');
    assertRecorded('list_directory_response-error', answer('list_directory', [], missing));
    const folder = { path: '/srv', kind: FileKind.DIRECTORY, sizeBytes: 4096n, mode: 0o755, modifiedUnixNs, ...root };
    assertRecorded('file_stat_response', answer('file_stat', [liteEncode(FileInfoLite, folder)]));
    assertRecorded('create_directory_response', answer('create_directory', [liteEncode(FileInfoLite, folder)]));
    assertRecorded(
      'file_delete_response',
      answer('file_delete', [liteEncode(RemoveFileResponseLite, { removed: 3n })]),
    );
  });

  it('the agent’s responses about processes and services are as recorded', () => {
    const nginx = {
      pid: 321,
      parentPid: 1,
      name: 'nginx',
      command: 'nginx: master process',
      user: 'root',
      cpuPercent: 1.5,
      rssBytes: 8_388_608n,
      state: 'S',
      startedUnixNs: 1_795_244_400_000_000_000n,
      threads: 2,
    };
    const processes = { processes: [{ ...nginx, pid: 7, name: 'sh', command: 'sh' }, nginx], total: 2 };
    assertRecorded(
      'list_processes_response',
      answer('list_processes', [liteEncode(ListProcessesResponseLite, processes)]),
    );
    assertRecorded(
      'kill_process_response',
      answer('kill_process', [liteEncode(SignalProcessResponseLite, { signaled: 1 })]),
    );
    const gone = new OperationError('PROCESS_NOT_FOUND', 'No process 321.');
    assertRecorded('kill_process_response-error', answer('kill_process', [], gone));
    const unit = {
      name: 'ssh.service',
      description: 'OpenBSD Secure Shell server',
      state: UnitState.RUNNING,
      boot: UnitBoot.ENABLED,
      pid: 700,
      memoryBytes: 4_194_304n,
    };
    const units = { units: [unit, { name: 'ssh-keys.service', state: UnitState.STOPPED }], total: 2 };
    assertRecorded('list_services_response', answer('list_services', [liteEncode(ListUnitsResponseLite, units)]));
    const controlled = liteEncode(ControlUnitResponseLite, { unit });
    assertRecorded('service_control_response', answer('service_control', [controlled]));
    const asked = liteEncode(GetUnitResponseLite, { unit, log: ['x'] });
    assertRecorded('service_control_response', answer('service_control-status', [asked]));
  });

  it('the agent’s responses about hardware and software are as recorded', () => {
    const inventory = fromJson(InventorySchema, {
      hostname: 'guest',
      osName: 'Debian GNU/Linux 13',
      osVersion: '13',
      kernel: '6.12.38',
      architecture: 'x86_64',
      vendor: 'QEMU',
      product: 'Standard PC',
      serial: 'X1',
      uuid: '0f0e0d0c-0b0a-4908-8706-050403020100',
      firmwareVendor: 'SeaBIOS',
      firmwareVersion: '1.16',
      firmwareDate: '04/01/2014',
      cpuModel: 'QEMU Virtual CPU',
      cpuVendor: 'GenuineIntel',
      cpus: 4,
      cpuCores: 2,
      cpuSockets: 1,
      memoryBytes: '2147483648',
      disks: [
        { name: 'vda', sizeBytes: '10737418240', model: 'disk', serial: 'S1', virtio: 'virtio2', rotational: true },
      ],
      cards: [
        {
          name: 'eth0',
          macAddress: '52:54:00:12:34:56',
          pciAddress: '0000:00:03.0',
          virtio: 'virtio0',
          driver: 'virtio_net',
          speedMbps: 1000,
        },
      ],
    });
    const mount = { filesystem: 'ext4', totalBytes: 10_000_000_000n, usedBytes: 2_500_000_000n };
    const report = {
      wallTimeUnixNs: 1_795_246_200_250_000_000n,
      uptimeSeconds: 3600n,
      memory: { availableBytes: 1_073_741_824n },
      mounts: [
        { mountPoint: '/', device: '/dev/vda1', ...mount },
        { mountPoint: '/other', device: '/dev/vdaa1', ...mount },
      ],
    };
    const first = callOf('get_hardware_info');
    first.take(liteEncode(InventoryLite, inventory));
    const second = first.next?.();
    assert.equal(second?.take(liteEncode(TelemetryLite, report)), true);
    assertRecorded('hardware_info_response', second.finish(undefined));
    const packages = {
      packages: [
        { name: 'openssh-client', version: '1:10.0p1-7', architecture: 'amd64', installedBytes: 5_000_000n },
        { name: 'openssh-server', version: '1:10.0p1-7', architecture: 'amd64' },
        { name: 'sed', version: '4.9-2', architecture: 'amd64' },
      ],
      total: 3,
      manager: 'dpkg',
    };
    assertRecorded(
      'list_installed_software_response',
      answer('list_installed_software', [liteEncode(ListPackagesResponseLite, packages)]),
    );
  });

  it('the agent’s responses about accounts, the network and itself are as recorded', () => {
    const user = liteEncode(UserAccountLite, { name: 'debian' });
    assertRecorded('reset_password_response', answer('reset_password', [user]));
    const nobody = new OperationError('USER_NOT_FOUND', 'No account debian.');
    assertRecorded('reset_password_response-error', answer('reset_password', [], nobody));
    const [request] = [...callOf('configure_network').requests()];
    assert.deepEqual(
      liteDecode(SetNetworkRequestLite, request ?? new Uint8Array(0)),
      create(SetNetworkRequestSchema, {
        id: 'p1',
        interface: 'eth0',
        ipv4: { method: AddressMethod.STATIC, addresses: ['192.0.2.5/24'], gateway: '192.0.2.1' },
        ipv6: {},
        dns: ['192.0.2.53'],
        unconfirmed: true,
      }),
    );
    const applied = liteEncode(NetworkReportLite, { manager: 'netplan' });
    assertRecorded('configure_network_response', answer('configure_network', [applied]));
    const system = { agentVersion: '0.1.0', architecture: 'x86_64', capabilities: ['telemetry', 'exec', 'exec.user'] };
    assertRecorded('get_capabilities_response', answer('get_capabilities', [liteEncode(SystemLite, system)]));
  });

  it('the agent’s responses to quiesce and thaw are as recorded', () => {
    const frozen = { verdict: FilesystemVerdict.FROZEN };
    const report = {
      id: 'p1',
      filesystems: [
        { mountPoint: '/data', device: '/dev/vdb', filesystem: 'xfs', ...frozen },
        { mountPoint: '/', device: '/dev/vda', filesystem: 'ext4', ...frozen },
        { mountPoint: '/run', device: 'tmpfs', filesystem: 'tmpfs', verdict: FilesystemVerdict.NOT_ON_DISK },
      ],
    };
    const frozenUnixNs = 1_795_246_200_000_000_000n;
    const held = { ...report, phase: FreezePhase.FROZEN, frozenUnixNs, frozenMs: 250, leaseLeftMs: 60_000 };
    assertRecorded('quiesce_response', answer('quiesce', [liteEncode(FreezeReportLite, held)]));
    const other = new OperationError('FREEZE_HELD', 'The freeze "p0" is in progress.');
    assertRecorded('quiesce_response-error', answer('quiesce', [], other));
    const thawed = { ...report, phase: FreezePhase.THAWED, frozenMs: 2500 };
    assertRecorded('thaw_response', answer('thaw', [liteEncode(FreezeReportLite, thawed)]));
    const late = new OperationError('FREEZE_ENDED', 'The guest thawed by itself after 60000 ms.');
    assertRecorded('thaw_response-error', answer('thaw', [], late));
  });

  it('the agent’s responses to sync_time are as recorded', () => {
    const now = 1_795_253_400_250_000_000n;
    const set = { wallTimeUnixNs: now, movedNs: 7_200_000_000_000n };
    assertRecorded('sync_time_response', answer('sync_time', [liteEncode(SyncClockResponseLite, set)]));
    const none = { wallTimeUnixNs: now - 7_200_250_000_000n };
    const options = { freshId: () => 'p1', allowance: new ByteBudget(1 << 20).open() };
    const translated = translateRequest(
      { ...messageOf('sync_time'), payload: { case: 'syncTime', value: create(SyncTimeRequestSchema) } },
      options,
    );
    assert.ok(translated.kind === 'call');
    translated.call.take(liteEncode(SyncClockResponseLite, none));
    assertRecorded('sync_time_response-error', translated.call.finish(undefined));
  });

  it('the agent’s events are as recorded', () => {
    const telemetry = fromJson(TelemetrySchema, {
      cpu: { busyPercent: 12.5 },
      memory: {
        totalBytes: '2075144192',
        usedBytes: '401604608',
        availableBytes: '1673539584',
        swapTotalBytes: '1073741824',
        swapFreeBytes: '1073737728',
      },
      load: { oneMinute: 0.5, fiveMinutes: 0.25, fifteenMinutes: 0.125 },
      processCount: 87,
      uptimeSeconds: '3600',
      mounts: [
        {
          mountPoint: '/',
          device: '/dev/vda1',
          filesystem: 'ext4',
          totalBytes: '10000000000',
          usedBytes: '2500000000',
          availableBytes: '7500000000',
        },
        { mountPoint: '/mnt', device: 'nas:/x', filesystem: 'nfs4', error: 'No answer.' },
      ],
      interfaces: [
        {
          name: 'eth0',
          macAddress: '52:54:00:12:34:56',
          up: true,
          mtu: 1500,
          addresses: [
            { address: '10.0.2.15', prefixLength: 24, scope: 'ADDRESS_SCOPE_GLOBAL' },
            { address: 'fec0::5054:ff:fe12:3456', prefixLength: 64, scope: 'ADDRESS_SCOPE_LINK' },
            { address: 'fe80::5054:ff:fe12:3456', prefixLength: 64, scope: 'ADDRESS_SCOPE_LINK' },
          ],
          rxBytes: '123456789012',
          txBytes: '98765',
          rxPackets: '1000',
          txPackets: '900',
        },
      ],
      primaryAddresses: [{ address: '10.0.2.15', interface: 'eth0' }],
    });
    const system = fromJson(SystemSchema, {
      agentVersion: '0.1.0',
      osName: 'Debian GNU/Linux',
      osVersion: '13',
      kernelRelease: '6.12.38',
      architecture: 'x86_64',
      hostname: 'guest',
      // Without a network that the agent may configure, and without services.
      capabilities: [
        'accounts',
        'exec',
        'exec.user',
        'file.read',
        'file.write',
        'filesystem.freeze',
        'power',
        'system',
        'telemetry',
      ],
    });
    assertRecorded('telemetry', telemetryEvent(telemetry, 'guest'));
    assertRecorded('agent_ready', agentReadyEvent(system, telemetry));
  });
});
