import { guestMessageCases } from './golden-guest-cases.ts';

/** A recorded message: sender and occasion, and the content as protobuf JSON. */
export interface GoldenCase {
  /** Name of the file in proto/golden. */
  readonly name: string;
  readonly about: string;
  readonly json: Readonly<Record<string, unknown>>;
}

const timestamp = '2026-11-21T07:30:00.250Z';
const id = 'b7c7e8f2-6e0f-4a43-9a5f-3d1c2b4a5e6f';

function agentMessage(name: string, about: string, payload: Record<string, unknown>): GoldenCase {
  return { name: `agent-message/${name}`, about, json: { messageId: id, timestamp, ...payload } };
}

/** limiquantix.agent.v1.AgentMessage. */
export const agentMessageCases: readonly GoldenCase[] = [
  agentMessage('ping', 'Host: are you there?', { ping: { sequence: '7' } }),
  agentMessage('ping-bare', 'Host: a ping whose payload has only default values.', { ping: {} }),
  agentMessage('pong', 'Agent: the answer to ping.', {
    pong: { sequence: '7', version: '0.1.0', uptimeSeconds: '86401' },
  }),
  agentMessage('execute', 'Host: run a program with arguments as a user.', {
    execute: {
      command: '/usr/bin/id',
      args: ['-n', '-u'],
      workingDirectory: '/tmp',
      environment: { LANG: 'C.UTF-8' },
      timeoutSeconds: 20,
      waitForExit: true,
      runAsUser: 'nobody',
      maxOutputBytes: 4096,
      runAsGroup: 'nogroup',
      includeSupplementaryGroups: true,
    },
  }),
  agentMessage('execute-shell', 'Host: run a line of shell.', {
    execute: { command: 'echo "$HOME" >&2; exit 3', waitForExit: true },
  }),
  agentMessage('execute_response', 'Agent: how the program ended, and what it printed.', {
    executeResponse: { exitCode: 3, stdout: 'Zoë\n', stderr: '/root\n', truncated: true, durationMs: '12' },
  }),
  agentMessage('execute_response-error', 'Agent: the program could not be started.', {
    executeResponse: { exitCode: -1, error: 'COMMAND_NOT_FOUND: No program "nope" in PATH.' },
  }),
  agentMessage('file_write', 'Host: the second of three chunks of a file.', {
    fileWrite: {
      path: '/srv/data.bin',
      data: 'AAEC/f7/',
      offset: '65536',
      mode: 416,
      createParents: true,
      chunkNumber: 1,
      totalChunks: 3,
    },
  }),
  agentMessage('file_write_response', 'Agent: the chunk is written.', {
    fileWriteResponse: { success: true, bytesWritten: '6', chunkNumber: 1 },
  }),
  agentMessage('file_write_response-error', 'Agent: the chunk is not written.', {
    fileWriteResponse: { error: 'GUEST_DISK_FULL: No space left on the device of /srv.', chunkNumber: 1 },
  }),
  agentMessage('file_read', 'Host: a piece of a file.', {
    fileRead: { path: '/etc/hostname', offset: '2', length: '100', chunkSize: 65536 },
  }),
  agentMessage('file_read_response', 'Agent: the piece, and that nothing follows.', {
    fileReadResponse: {
      success: true,
      data: 'bm5rZWVwZXIK',
      eof: true,
      totalSize: '11',
      offset: '2',
      mode: 420,
      modifiedAt: '1969-12-31T23:59:59.500Z',
    },
  }),
  agentMessage('file_read_response-error', 'Agent: the file is not there.', {
    fileReadResponse: { error: 'FILE_NOT_FOUND: No file /etc/hostname.' },
  }),
  agentMessage('shutdown', 'Host: reboot in a minute.', {
    shutdown: { type: 'SHUTDOWN_TYPE_REBOOT', delaySeconds: 60, message: 'New kernel' },
  }),
  agentMessage('shutdown_response', 'Agent: it will.', { shutdownResponse: { accepted: true } }),
  agentMessage('telemetry', 'Agent, every 5 s: what the guest uses.', {
    telemetry: {
      cpuUsagePercent: 12.5,
      memoryTotalBytes: '2075144192',
      memoryUsedBytes: '401604608',
      memoryAvailableBytes: '1673539584',
      swapTotalBytes: '1073741824',
      swapUsedBytes: '4096',
      disks: [
        {
          mountPoint: '/',
          filesystem: 'ext4',
          device: '/dev/vda1',
          totalBytes: '10000000000',
          usedBytes: '2500000000',
          availableBytes: '7500000000',
          usagePercent: 25,
        },
      ],
      interfaces: [
        {
          name: 'eth0',
          macAddress: '52:54:00:12:34:56',
          ipv4Addresses: ['10.0.2.15'],
          ipv6Addresses: ['fec0::5054:ff:fe12:3456', 'fe80::5054:ff:fe12:3456'],
          state: 'INTERFACE_STATE_UP',
          mtu: 1500,
          rxBytes: '123456789012',
          txBytes: '98765',
          rxPackets: '1000',
          txPackets: '900',
        },
      ],
      loadAvg1: 0.5,
      loadAvg5: 0.25,
      loadAvg15: 0.125,
      processCount: 87,
      uptimeSeconds: '3600',
      hostname: 'guest',
    },
  }),
  agentMessage('agent_ready', 'Agent, once when it has a peer: who it is.', {
    agentReady: {
      version: '0.1.0',
      osName: 'Debian GNU/Linux',
      osVersion: '13',
      kernelVersion: '6.12.38',
      architecture: 'x86_64',
      hostname: 'guest',
      ipAddresses: ['10.0.2.15'],
      capabilities: [
        'telemetry',
        'execute',
        'file_read',
        'file_write',
        'file_list',
        'file_delete',
        'file_stat',
        'directory_create',
        'shutdown',
        'reboot',
        'reset_password',
        'quiesce',
        'thaw',
        'sync_time',
        'user_context_exec',
      ],
    },
  }),
  agentMessage('error', 'Agent: a request that it does not know.', {
    error: { severity: 'ERROR_SEVERITY_ERROR', code: 'UNSUPPORTED_BY_AGENT', message: 'This agent does not serve it.' },
  }),
  agentMessage('quiesce', 'Host: freeze for a minute, with hooks.', {
    quiesce: {
      mountPoints: ['/', '/data'],
      timeoutSeconds: 60,
      runPreFreezeScripts: true,
      preFreezeScriptDir: '/etc/limiquantix/pre-freeze.d',
    },
  }),
  agentMessage('quiesce_response', 'Agent: frozen, until when, and the token for the thaw.', {
    quiesceResponse: {
      success: true,
      frozen: [
        { mountPoint: '/data', device: '/dev/vdb', filesystem: 'xfs', frozen: true },
        { mountPoint: '/', device: '/dev/vda', filesystem: 'ext4', frozen: true },
      ],
      quiesceToken: 'p1',
      autoThawAt: '2026-11-21T07:31:00.250Z',
    },
  }),
  agentMessage('quiesce_response-error', 'Agent: another freeze is in progress.', {
    quiesceResponse: { error: 'FREEZE_HELD: The freeze "p0" is in progress.' },
  }),
  agentMessage('thaw', 'Host: thaw what the token froze.', { thaw: { quiesceToken: 'p1', runPostThawScripts: true } }),
  agentMessage('thaw_response', 'Agent: thawed, and how long it was frozen.', {
    thawResponse: { success: true, thawedMountPoints: ['/data', '/'], frozenDurationMs: '2500' },
  }),
  agentMessage('thaw_response-error', 'Agent: the lease had run out.', {
    thawResponse: { error: 'FREEZE_ENDED: The guest thawed by itself after 60000 ms.' },
  }),
  agentMessage('sync_time', 'Host: set the clock to this time.', {
    syncTime: { force: true, setTime: '2026-11-21T09:30:00.250Z' },
  }),
  agentMessage('sync_time_response', 'Agent: it is set, and was two hours behind.', {
    syncTimeResponse: {
      success: true,
      offsetSeconds: -7200,
      currentTime: '2026-11-21T09:30:00.250Z',
      timeSource: 'manual',
    },
  }),
  agentMessage('sync_time_response-error', 'Agent: there is no time service to ask.', {
    syncTimeResponse: {
      currentTime: '2026-11-21T07:30:00Z',
      error: 'UNSUPPORTED_BY_AGENT: This guest has no time service, and set_time is not given.',
    },
  }),
  ...guestMessageCases.map(({ name, about, json }) => agentMessage(name, about, json)),
];

/** 000102…0f. */
const session = 'AAECAwQFBgcICQoLDA0ODw==';

function frame(name: string, about: string, payload: Record<string, unknown>): GoldenCase {
  return { name: `native/${name}`, about, json: { session, ...payload } };
}

/** innkeeper.agent.v1.Frame, without its CRC. */
export const frameCases: readonly GoldenCase[] = [
  frame('hello', 'Node: opens a session (65,544 zero bytes come before it).', {
    hello: {
      minVersion: 1,
      maxVersion: 1,
      wallTimeUnixNs: '1795246200250000000',
      mayStepClock: true,
      vmId: '0f0e0d0c-0b0a-4908-8706-050403020100',
      vmName: 'hello',
      nodeVersion: '0.1.0',
    },
  }),
  frame('welcome', 'Agent: the answer to hello.', {
    welcome: {
      version: 1,
      agentVersion: '0.1.0',
      bootId: 'f3b1c9d2-8a7e-4c55-9a1b-2c3d4e5f6071',
      agentInstance: '9c1e',
      agentStartUnixNs: '1795246190000000000',
      wallTimeUnixNs: '1795246200200000000',
      monotonicNs: '12000000000',
      capabilities: ['exec', 'files'],
      frozen: true,
      clockOffsetNs: '-50000000',
      clockStepped: true,
      pid: 312,
    },
  }),
  frame('call-ping', 'Node: a unary call, its whole request in it.', {
    call: {
      id: 1,
      method: 'innkeeper.agent.v1.TelemetryService/Ping',
      timeoutMs: 5000,
      credit: 1048576,
      body: 'CAc=',
      halfClose: true,
    },
  }),
  frame('message', 'Both ways: one message of a stream.', { message: { callId: 300, body: 'AAECAwQF' } }),
  frame('message-half-close', 'Node: no further message follows.', { message: { callId: 300, halfClose: true } }),
  frame('end', 'Agent: the call succeeded.', { end: { callId: 1 } }),
  frame('end-error', 'Agent: the call failed.', {
    end: { callId: 300, code: 5, reason: 'FILE_NOT_FOUND', message: 'No file /etc/nope.' },
  }),
  frame('credit', 'Both ways: bytes were consumed.', { credit: { callId: 300, bytes: 65536 } }),
  frame('cancel', 'Node: the answer is not wanted.', { cancel: { callId: 300 } }),
  frame('goodbye', 'Agent: it is being stopped.', { goodbye: { reason: 'stopping' } }),
];
