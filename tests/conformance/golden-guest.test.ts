import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, fromJson } from '@bufbuild/protobuf';
import { InventorySchema, SetNetworkRequestSchema } from '@innkeeper/contract/agent';
import {
  AddressMethod,
  ControlUnitResponseLite,
  FileInfoLite,
  FileKind,
  GetUnitResponseLite,
  InventoryLite,
  ListDirectoryResponseLite,
  ListPackagesResponseLite,
  ListProcessesResponseLite,
  ListUnitsResponseLite,
  NetworkReportLite,
  RemoveFileResponseLite,
  SetNetworkRequestLite,
  SignalProcessResponseLite,
  SystemLite,
  TelemetryLite,
  UnitBoot,
  UnitState,
  UserAccountLite,
} from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { answer, assertRecorded, callOf } from './golden-answers.ts';

/** Responses about what is administered, from results of the methods. */
describe('responses of the agent about its guest', () => {
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
});
