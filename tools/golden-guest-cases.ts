/** Messages of AgentMessage about files, processes, services, hardware, software, accounts and the network, as protobuf JSON. */
export const guestMessageCases: readonly {
  readonly name: string;
  readonly about: string;
  readonly json: Readonly<Record<string, unknown>>;
}[] = [
  {
    name: 'list_directory',
    about: 'Host: the next entries of a folder.',
    json: { listDirectory: { path: '/etc', includeHidden: true, maxEntries: 2, continuationToken: 'after-a' } },
  },
  {
    name: 'list_directory_response',
    about: 'Agent: entries, and where the list goes on.',
    json: {
      listDirectoryResponse: {
        success: true,
        entries: [
          {
            name: 'hostname',
            path: '/etc/hostname',
            sizeBytes: '6',
            mode: 420,
            modifiedAt: '2026-11-21T07:00:00Z',
            owner: 'root',
            group: 'root',
          },
          {
            name: 'mtab',
            path: '/etc/mtab',
            isSymlink: true,
            sizeBytes: '19',
            mode: 511,
            modifiedAt: '2026-11-21T07:00:00.500Z',
            owner: '1000',
            group: '1000',
            symlinkTarget: '../proc/self/mounts',
          },
        ],
        continuationToken: 'after-mtab',
        totalEntries: 180,
      },
    },
  },
  {
    name: 'list_directory_response-error',
    about: 'Agent: there is no such folder.',
    json: { listDirectoryResponse: { error: 'FILE_NOT_FOUND: No folder /nope.' } },
  },
  {
    name: 'create_directory',
    about: 'Host: a folder with its parents.',
    json: { createDirectory: { path: '/srv/a/b', createParents: true, mode: 448 } },
  },
  {
    name: 'create_directory_response',
    about: 'Agent: it is there.',
    json: { createDirectoryResponse: { success: true } },
  },
  { name: 'file_delete', about: 'Host: remove a tree.', json: { fileDelete: { path: '/srv/a', recursive: true } } },
  { name: 'file_delete_response', about: 'Agent: it is gone.', json: { fileDeleteResponse: { success: true } } },
  { name: 'file_stat', about: 'Host: what is this?', json: { fileStat: { path: '/srv' } } },
  {
    name: 'file_stat_response',
    about: 'Agent: a folder.',
    json: {
      fileStatResponse: {
        success: true,
        entry: {
          name: 'srv',
          path: '/srv',
          isDirectory: true,
          sizeBytes: '4096',
          mode: 493,
          modifiedAt: '2026-11-21T07:00:00Z',
          owner: 'root',
          group: 'root',
        },
      },
    },
  },
  {
    name: 'display_resize',
    about: 'Host: resize the desktop.',
    json: { displayResize: { width: 1920, height: 1080, dpi: 96, displayId: 'Virtual-1' } },
  },
  {
    name: 'display_resize_response-error',
    about: 'Agent: there is no desktop.',
    json: {
      displayResizeResponse: {
        error: 'UNSUPPORTED_BY_AGENT: This agent serves no desktop: the guest’s display is that of its console.',
      },
    },
  },
  {
    name: 'clipboard_update',
    about: 'Host: put this into the clipboard.',
    json: { clipboardUpdate: { type: 'CLIPBOARD_TYPE_HTML', data: 'PGI+', mimeType: 'text/html' } },
  },
  {
    name: 'clipboard_update_response-error',
    about: 'Agent: there is no desktop.',
    json: {
      clipboardUpdateResponse: {
        error: 'UNSUPPORTED_BY_AGENT: This agent serves no desktop, and so no clipboard.',
      },
    },
  },
  {
    name: 'clipboard_get',
    about: 'Host: what is in the clipboard?',
    json: { clipboardGet: { preferredType: 'CLIPBOARD_TYPE_IMAGE' } },
  },
  {
    name: 'clipboard_get_response-error',
    about: 'Agent: there is no desktop.',
    json: {
      clipboardGetResponse: { error: 'UNSUPPORTED_BY_AGENT: This agent serves no desktop, and so no clipboard.' },
    },
  },
  {
    name: 'list_processes',
    about: 'Host: one process by a part of its name.',
    json: { listProcesses: { filter: 'NGINX', includeThreads: true, maxEntries: 1 } },
  },
  {
    name: 'list_processes_response',
    about: 'Agent: the process.',
    json: {
      listProcessesResponse: {
        success: true,
        processes: [
          {
            pid: 321,
            ppid: 1,
            name: 'nginx',
            commandLine: 'nginx: master process',
            user: 'root',
            cpuPercent: 1.5,
            memoryBytes: '8388608',
            state: 'S',
            startedAt: '2026-11-21T07:00:00Z',
            threadCount: 2,
          },
        ],
      },
    },
  },
  { name: 'kill_process', about: 'Host: end it.', json: { killProcess: { pid: 321, signal: 9 } } },
  {
    name: 'kill_process_response',
    about: 'Agent: it got the signal.',
    json: { killProcessResponse: { success: true } },
  },
  {
    name: 'kill_process_response-error',
    about: 'Agent: there is no such process.',
    json: { killProcessResponse: { error: 'PROCESS_NOT_FOUND: No process 321.' } },
  },
  {
    name: 'list_services',
    about: 'Host: running services.',
    json: { listServices: { filter: 'ssh', runningOnly: true } },
  },
  {
    name: 'list_services_response',
    about: 'Agent: the service.',
    json: {
      listServicesResponse: {
        success: true,
        services: [
          {
            name: 'ssh.service',
            displayName: 'ssh',
            state: 'running',
            startType: 'enabled',
            description: 'OpenBSD Secure Shell server',
            pid: 700,
            memoryBytes: '4194304',
          },
        ],
      },
    },
  },
  {
    name: 'service_control',
    about: 'Host: restart a service.',
    json: { serviceControl: { name: 'ssh', action: 'SERVICE_ACTION_RESTART' } },
  },
  {
    name: 'service_control-status',
    about: 'Host: does it run?',
    json: { serviceControl: { name: 'ssh', action: 'SERVICE_ACTION_STATUS' } },
  },
  {
    name: 'service_control_response',
    about: 'Agent: how it is now.',
    json: { serviceControlResponse: { success: true, newState: 'running' } },
  },
  {
    name: 'get_hardware_info',
    about: 'Host: the hardware with all details.',
    json: { getHardwareInfo: { includeCpuDetails: true, includeDiskDetails: true, includeNetworkDetails: true } },
  },
  {
    name: 'hardware_info_response',
    about: 'Agent: the hardware as the guest sees it.',
    json: {
      hardwareInfoResponse: {
        success: true,
        hardware: {
          cpu: {
            model: 'QEMU Virtual CPU',
            cores: 2,
            threads: 4,
            architecture: 'x86_64',
            vendor: 'GenuineIntel',
            sockets: 1,
          },
          memory: { totalBytes: '2147483648', availableBytes: '1073741824' },
          disks: [
            {
              device: '/dev/vda',
              model: 'disk',
              serial: 'S1',
              sizeBytes: '10737418240',
              diskType: 'hdd',
              interface: 'virtio',
              isVirtual: true,
              partitions: [
                {
                  device: '/dev/vda1',
                  mountPoint: '/',
                  filesystem: 'ext4',
                  sizeBytes: '10000000000',
                  usedBytes: '2500000000',
                },
              ],
            },
          ],
          networkAdapters: [
            {
              name: 'eth0',
              macAddress: '52:54:00:12:34:56',
              adapterType: 'ethernet',
              speedMbps: 1000,
              isVirtual: true,
              driver: 'virtio_net',
              pciAddress: '0000:00:03.0',
            },
          ],
          bios: {
            vendor: 'SeaBIOS',
            version: '1.16',
            releaseDate: '04/01/2014',
            systemManufacturer: 'QEMU',
            systemProduct: 'Standard PC',
            systemSerial: 'X1',
            systemUuid: '0f0e0d0c-0b0a-4908-8706-050403020100',
          },
          os: {
            name: 'Debian GNU/Linux 13',
            version: '13',
            kernel: '6.12.38',
            architecture: 'x86_64',
            lastBoot: '2026-11-21T06:30:00.250Z',
            hostname: 'guest',
          },
        },
      },
    },
  },
  {
    name: 'list_installed_software',
    about: 'Host: one package by a part of its name.',
    json: { listInstalledSoftware: { filter: 'openssh', maxEntries: 1 } },
  },
  {
    name: 'list_installed_software_response',
    about: 'Agent: the package, and how many there are.',
    json: {
      listInstalledSoftwareResponse: {
        success: true,
        software: [
          {
            name: 'openssh-client',
            version: '1:10.0p1-7',
            sizeBytes: '5000000',
            packageType: 'deb',
            architecture: 'amd64',
          },
        ],
        totalCount: 2,
      },
    },
  },
  {
    name: 'reset_password',
    about: 'Host: a new password, to be changed at the next login.',
    json: { resetPassword: { username: 'debian', newPassword: 'correct horse', expire: true } },
  },
  { name: 'reset_password_response', about: 'Agent: it is set.', json: { resetPasswordResponse: { success: true } } },
  {
    name: 'reset_password_response-error',
    about: 'Agent: there is no such account.',
    json: { resetPasswordResponse: { error: 'USER_NOT_FOUND: No account debian.' } },
  },
  {
    name: 'configure_network',
    about: 'Host: a static address, at once.',
    json: {
      configureNetwork: {
        netplanConfig:
          'network:\n  version: 2\n  ethernets:\n    eth0:\n      addresses: [192.0.2.5/24]\n      routes:\n        - to: default\n          via: 192.0.2.1\n      nameservers:\n        addresses: [192.0.2.53]\n',
        applyNow: true,
      },
    },
  },
  {
    name: 'configure_network_response',
    about: 'Agent: it is applied.',
    json: { configureNetworkResponse: { success: true } },
  },
  {
    name: 'agent_update',
    about: 'Host: the first chunk of another agent.',
    json: { agentUpdate: { targetVersion: '2.0.0', binaryData: 'f0VMRg==', checksumSha256: 'ab', totalSize: '4' } },
  },
  {
    name: 'agent_update_response-error',
    about: 'Agent: not without a signature.',
    json: {
      agentUpdateResponse: {
        error: 'UNSUPPORTED_BY_AGENT: This agent takes only signed updates, and agent_update has no signature.',
      },
    },
  },
  { name: 'get_capabilities', about: 'Host: what can you do?', json: { getCapabilities: {} } },
  {
    name: 'get_capabilities_response',
    about: 'Agent: what it can do in this guest.',
    json: {
      getCapabilitiesResponse: {
        version: '0.1.0',
        os: 'linux',
        architecture: 'x86_64',
        capabilities: ['telemetry', 'execute', 'user_context_exec'],
        features: { fsfreeze: 'false', user_context_exec: 'true' },
      },
    },
  },
  {
    name: 'clipboard_changed',
    about: 'Agent of another platform: its clipboard changed.',
    json: { clipboardChanged: { type: 'CLIPBOARD_TYPE_TEXT', data: 'aGk=', mimeType: 'text/plain' } },
  },
];
