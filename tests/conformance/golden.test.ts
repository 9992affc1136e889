import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, fromJson } from '@bufbuild/protobuf';
import { SystemSchema, TelemetrySchema } from '@innkeeper/contract/agent';
import {
  ExecEventLite,
  FilesystemVerdict,
  FreezePhase,
  FreezeReportLite,
  PingResponseLite,
  ReadFileEventLite,
  SyncClockResponseLite,
} from '@innkeeper/contract/agent-lite';
import { SyncTimeRequestSchema } from '@innkeeper/contract/agent-message';
import { AgentMessageLite } from '@innkeeper/contract/agent-message-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { liteEncode } from '@innkeeper/contract/lite';
import {
  AgentMessageReceiver,
  agentReadyEvent,
  ByteBudget,
  fileWriteReply,
  payloadField,
  refusalReply,
  telemetryEvent,
  translateRequest,
  wholeFileWrite,
} from '@innkeeper/wire';
import { agentMessages, answer, assertRecorded, messageOf } from './golden-answers.ts';

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
    assertRecorded('file_write_response', fileWriteReply(wholeFileWrite(payload.value), undefined));
    const error = new OperationError('GUEST_DISK_FULL', 'No space left on the device of /srv.');
    assertRecorded('file_write_response-error', fileWriteReply(wholeFileWrite(payload.value), error));
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
