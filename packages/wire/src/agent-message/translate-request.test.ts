import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  ExecEventLite,
  ExecRequestLite,
  FreezeRequestLite,
  ReadFileEventLite,
  ReadFileRequestLite,
  ShutdownRequestLite,
  WriteFileEventLite,
  WriteFileRequestLite,
} from '@innkeeper/contract/agent-lite';
import { AgentMessageSchema, ExecuteResponseSchema, FileReadResponseSchema } from '@innkeeper/contract/agent-message';
import { ExecuteResponseLite, FileReadResponseLite } from '@innkeeper/contract/agent-message-lite';
import { agentMessageExecuteResponseTag } from '@innkeeper/contract/agent-message-tags';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { ByteBudget } from '../byte-budget.ts';
import { fileWriteCall, wholeFileWrite } from './file-write.ts';
import type { AgentMessageCall } from './reply.ts';
import { payloadField, translateRequest } from './translate-request.ts';

type Payload = NonNullable<MessageInitShape<typeof AgentMessageSchema>['payload']>;

function translate(payload: Payload, budgetBytes = 1 << 24) {
  const message = create(AgentMessageSchema, { messageId: 'm', payload });
  return translateRequest(message, { freshId: () => 'fresh', allowance: new ByteBudget(budgetBytes).open() });
}

function callOf(payload: Payload, budgetBytes?: number): AgentMessageCall {
  const translated = translate(payload, budgetBytes);
  assert.ok(translated.kind === 'call');
  return translated.call;
}

type ExecuteInit = Extract<Payload, { case: 'execute' }>['value'];
type ExecEventInit = NonNullable<MessageInitShape<NonNullable<typeof ExecEventLite.desc>>['event']>;

function specOf(value: ExecuteInit) {
  const [body, ...more] = [...callOf({ case: 'execute', value }).requests()];
  assert.ok(body !== undefined && more.length === 0);
  const { input } = liteDecode(ExecRequestLite, body);
  assert.ok(input.case === 'start');
  return input.value;
}

const event = (init: ExecEventInit): Uint8Array => liteEncode(ExecEventLite, { event: init });
const output = (data: Uint8Array, stream: 1 | 2 = 1): Uint8Array => event({ case: 'output', value: { stream, data } });

function executeResponse(call: AgentMessageCall) {
  const reply = call.finish(undefined);
  assert.equal(reply.tag, agentMessageExecuteResponseTag);
  return liteDecode(ExecuteResponseLite, Buffer.concat(reply.parts));
}

describe('execute', () => {
  it('execute without arguments is a shell command, and with arguments a program', () => {
    assert.equal(specOf({ command: 'echo $HOME' }).shellCommand, 'echo $HOME');
    const spec = specOf({ command: 'echo', args: ['$HOME', 'a b'] });
    assert.deepEqual([spec.argv, spec.shellCommand], [['echo', '$HOME', 'a b'], '']);
  });

  it('execute has a timeout of 300 s by default, at most a day, and none if it is not waited for', () => {
    const timeout = (timeoutSeconds: number, waitForExit: boolean): number =>
      specOf({ timeoutSeconds, waitForExit }).timeoutMs;
    assert.deepEqual([timeout(0, true), timeout(7, true), timeout(4_000_000_000, true)], [300_000, 7_000, 86_400_000]);
    assert.deepEqual([timeout(0, false), timeout(7, false)], [0, 7_000]);
  });

  it('execute omits supplementary groups only for another user', () => {
    assert.equal(specOf({ runAsUser: 'bob' }).noSupplementaryGroups, true);
    assert.equal(specOf({ runAsUser: 'bob', includeSupplementaryGroups: true }).noSupplementaryGroups, false);
    assert.equal(specOf({ runAsGroup: 'staff' }).noSupplementaryGroups, false);
    assert.equal(specOf({ runAsGroup: 'staff' }).group, 'staff');
  });

  it('execute keeps 1 MiB of each stream by default, at most 2 MiB, and reports truncation', () => {
    const run = (maxOutputBytes: number): readonly [number, number, boolean] => {
      const call = callOf({ case: 'execute', value: { waitForExit: true, maxOutputBytes } });
      for (let count = 0; count < 60; count++) call.take(output(new Uint8Array(60_000).fill(65)));
      call.take(output(new Uint8Array(10).fill(66), 2));
      call.take(event({ case: 'exited', value: { status: { case: 'exitCode', value: 0 }, ending: 1 } }));
      const { stdout, stderr, truncated } = executeResponse(call);
      return [stdout.length, stderr.length, truncated];
    };
    assert.deepEqual(run(0), [1_048_576, 10, true]);
    assert.deepEqual(run(5), [5, 5, true]);
    assert.deepEqual(run(0xffff_ffff), [2_097_152, 10, true]);
  });

  it('execute without waiting is answered at the start, and needs no further answer', () => {
    const call = callOf({ case: 'execute', value: { command: 'sleep 100' } });
    assert.equal(call.take(event({ case: 'started', value: { id: 'fresh', pid: 9 } })), true);
    assert.deepEqual(executeResponse(call), create(ExecuteResponseSchema));
  });

  it('execute reports a timeout, and -1 for a signal', () => {
    const call = callOf({ case: 'execute', value: { waitForExit: true } });
    call.take(output(new TextEncoder().encode('half')));
    call.take(event({ case: 'exited', value: { status: { case: 'signal', value: 9 }, ending: 2, durationMs: 5n } }));
    const { timedOut, exitCode, stdout, error } = executeResponse(call);
    assert.deepEqual([timedOut, exitCode, stdout, error], [true, -1, 'half', '']);
  });
});

type FileReadInit = Extract<Payload, { case: 'fileRead' }>['value'];

describe('file_read', () => {
  function read(value: FileReadInit, sizeBytes: bigint, data: Uint8Array) {
    const call = callOf({ case: 'fileRead', value });
    const [body] = [...call.requests()];
    assert.ok(body !== undefined);
    const request = liteDecode(ReadFileRequestLite, body);
    const sent = data.slice(Number(request.offset), Number(request.offset + request.length));
    call.take(liteEncode(ReadFileEventLite, { event: { case: 'info', value: { sizeBytes } } }));
    call.take(
      liteEncode(ReadFileEventLite, { event: { case: 'chunk', value: { offset: request.offset, data: sent } } }),
    );
    call.take(liteEncode(ReadFileEventLite, { event: { case: 'done', value: { bytes: BigInt(sent.length) } } }));
    return liteDecode(FileReadResponseLite, Buffer.concat(call.finish(undefined).parts));
  }

  it('file_read returns one chunk: 64 KiB, or as chunk_size and length say, at most 1 MiB', () => {
    const size = 3_000_000;
    const lengthOf = (value: FileReadInit): number => read(value, BigInt(size), new Uint8Array(size)).data.length;
    assert.equal(lengthOf({}), 65_536);
    assert.equal(lengthOf({ chunkSize: 1000 }), 1000);
    assert.equal(lengthOf({ length: 10n }), 10);
    assert.equal(lengthOf({ length: 1n << 60n }), 65_536);
    assert.equal(lengthOf({ chunkSize: 0xffff_ffff }), 1_048_576);
  });

  it('file_read reports eof at the last byte, beyond it, and at a short read of files of unknown size', () => {
    const data = new Uint8Array(100);
    assert.equal(read({ chunkSize: 50 }, 100n, data).eof, false);
    assert.equal(read({ chunkSize: 50, offset: 50n }, 100n, data).eof, true);
    assert.equal(read({ chunkSize: 50, offset: 200n }, 100n, data).eof, true);
    assert.equal(read({ chunkSize: 100 }, 0n, data).eof, false);
    assert.equal(read({ chunkSize: 101 }, 0n, data).eof, true);
    assert.equal(read({}, 0n, new Uint8Array(0)).eof, true);
  });

  it('a failed file_read has no data', () => {
    const response = liteDecode(
      FileReadResponseLite,
      Buffer.concat(callOf({ case: 'fileRead', value: {} }).finish(undefined).parts),
    );
    assert.equal(response.success, false);
    assert.deepEqual(response.data, create(FileReadResponseSchema).data);
    assert.match(response.error, /^INTERNAL: /);
  });
});

type FileWriteInit = Extract<Payload, { case: 'fileWrite' }>['value'];

describe('file_write in one message', () => {
  function inputs(value: FileWriteInit, openedAt = 0n): string[] {
    const translated = translate({ case: 'fileWrite', value });
    assert.ok(translated.kind === 'file-write');
    const call = fileWriteCall(wholeFileWrite(translated.request));
    const rows: string[] = [];
    for (const body of call.requests()) {
      const { input } = liteDecode(WriteFileRequestLite, body);
      if (input.case === 'open') {
        const { mode, append, inPlaceOffset, sizeBytes } = input.value;
        rows.push(`open mode=${mode} append=${append} at=${inPlaceOffset} size=${sizeBytes}`);
        call.take(liteEncode(WriteFileEventLite, { event: { case: 'opened', value: { offset: openedAt } } }));
      } else
        rows.push(input.case === 'chunk' ? `chunk ${input.value.offset}+${input.value.data.length}` : `${input.case}`);
    }
    return rows;
  }

  it('file_write in one message replaces the old file, also with an empty one', () => {
    assert.deepEqual(inputs({ data: new Uint8Array(70_000), mode: 0o640, eof: true }), [
      'open mode=416 append=false at=undefined size=70000',
      'chunk 0+60000',
      'chunk 60000+10000',
      'commit',
    ]);
    assert.deepEqual(inputs({ eof: true }), ['open mode=undefined append=false at=undefined size=0', 'commit']);
  });

  it('file_write in one message writes at an offset, or appends', () => {
    assert.deepEqual(inputs({ offset: 10n, data: new Uint8Array(5) }, 10n), [
      'open mode=undefined append=false at=10 size=undefined',
      'chunk 10+5',
      'commit',
    ]);
    assert.deepEqual(inputs({ append: true, data: new Uint8Array(5) }, 999n), [
      'open mode=undefined append=true at=undefined size=undefined',
      'chunk 999+5',
      'commit',
    ]);
  });
});

describe('quiesce and thaw', () => {
  const freezeOf = (value: Extract<Payload, { case: 'quiesce' }>['value']) => {
    const [body] = [...callOf({ case: 'quiesce', value }).requests()];
    assert.ok(body !== undefined);
    return liteDecode(FreezeRequestLite, body);
  };

  it('quiesce has a lease of 60 s by default, runs hooks only on request, and its token is a fresh id', () => {
    const { id, leaseMs, skipHooks, mountPoints } = freezeOf({ mountPoints: ['/'] });
    assert.deepEqual([id, leaseMs, skipHooks, mountPoints], ['fresh', 60_000, true, ['/']]);
    assert.equal(freezeOf({ timeoutSeconds: 5, runPreFreezeScripts: true }).skipHooks, false);
    assert.equal(freezeOf({ timeoutSeconds: 0xffff_ffff }).leaseMs, 0xffff_ffff);
  });

  it('hooks are only run from the known folders', () => {
    const folders = ['/tmp', '/etc/limiquantix/pre-freeze.d/../..', '/etc'];
    for (const preFreezeScriptDir of folders)
      assert.throws(() => freezeOf({ preFreezeScriptDir }), { reason: 'INVALID_ARGUMENT' });
    freezeOf({ preFreezeScriptDir: '/etc/limiquantix/pre-freeze.d/' });
    const thaw = callOf({ case: 'thaw', value: { postThawScriptDir: '/tmp' } });
    assert.throws(() => [...thaw.requests()], { reason: 'INVALID_ARGUMENT' });
  });
});

describe('translateRequest()', () => {
  it('shutdown types are translated to modes', () => {
    const modes = ([0, 1, 2] as const).map((type) => {
      const [body] = [...callOf({ case: 'shutdown', value: { type } }).requests()];
      assert.ok(body !== undefined);
      return liteDecode(ShutdownRequestLite, body).mode;
    });
    assert.deepEqual(modes, [1, 2, 3]);
  });

  it('unsupported requests are distinguished from messages that are not requests', () => {
    const listing = create(AgentMessageSchema, { payload: { case: 'listDirectory', value: {} } });
    assert.equal(payloadField(listing), 20);
    assert.deepEqual(translate({ case: 'agentUpdate', value: {} }), {
      kind: 'unsupported',
      why: 'This agent takes only signed updates, and agent_update has no signature.',
    });
    assert.equal(translate({ case: 'pong', value: {} }).kind, 'ignored');
    assert.equal(translate({ case: undefined }).kind, 'ignored');
  });
});
