import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  ExecEventLite,
  ExecRequestLite,
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
import { fileWriteCall } from './file-write.ts';
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
  it('without arguments is a line of shell, and with arguments a program', () => {
    assert.equal(specOf({ command: 'echo $HOME' }).shellCommand, 'echo $HOME');
    const spec = specOf({ command: 'echo', args: ['$HOME', 'a b'] });
    assert.deepEqual([spec.argv, spec.shellCommand], [['echo', '$HOME', 'a b'], '']);
  });

  it('has 300 s by default, what it asks for up to a day, and no end when nobody waits', () => {
    const timeout = (timeoutSeconds: number, waitForExit: boolean): number =>
      specOf({ timeoutSeconds, waitForExit }).timeoutMs;
    assert.deepEqual([timeout(0, true), timeout(7, true), timeout(4_000_000_000, true)], [300_000, 7_000, 86_400_000]);
    assert.deepEqual([timeout(0, false), timeout(7, false)], [0, 7_000]);
  });

  it('leaves supplementary groups out only for another user', () => {
    assert.equal(specOf({ runAsUser: 'bob' }).noSupplementaryGroups, true);
    assert.equal(specOf({ runAsUser: 'bob', includeSupplementaryGroups: true }).noSupplementaryGroups, false);
    assert.equal(specOf({ runAsGroup: 'staff' }).noSupplementaryGroups, false);
    assert.equal(specOf({ runAsGroup: 'staff' }).group, 'staff');
  });

  it('keeps 1 MiB of each stream by default, whatever it is asked 2 MiB at most, and says when it cut', () => {
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

  it('that does not wait is answered at the start, and wants nothing more', () => {
    const call = callOf({ case: 'execute', value: { command: 'sleep 100' } });
    assert.equal(call.take(event({ case: 'started', value: { id: 'fresh', pid: 9 } })), true);
    assert.deepEqual(executeResponse(call), create(ExecuteResponseSchema));
  });

  it('says when the time was over, and -1 for a signal', () => {
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

  it('gives one chunk: 64 KiB, or what chunk_size and length say, never more than 1 MiB', () => {
    const size = 3_000_000;
    const lengthOf = (value: FileReadInit): number => read(value, BigInt(size), new Uint8Array(size)).data.length;
    assert.equal(lengthOf({}), 65_536);
    assert.equal(lengthOf({ chunkSize: 1000 }), 1000);
    assert.equal(lengthOf({ length: 10n }), 10);
    assert.equal(lengthOf({ length: 1n << 60n }), 65_536);
    assert.equal(lengthOf({ chunkSize: 0xffff_ffff }), 1_048_576);
  });

  it('says eof at the last byte, behind it, and for files of unknown size at a short read', () => {
    const data = new Uint8Array(100);
    assert.equal(read({ chunkSize: 50 }, 100n, data).eof, false);
    assert.equal(read({ chunkSize: 50, offset: 50n }, 100n, data).eof, true);
    assert.equal(read({ chunkSize: 50, offset: 200n }, 100n, data).eof, true);
    assert.equal(read({ chunkSize: 100 }, 0n, data).eof, false);
    assert.equal(read({ chunkSize: 101 }, 0n, data).eof, true);
    assert.equal(read({}, 0n, new Uint8Array(0)).eof, true);
  });

  it('that failed has no data', () => {
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
    const call = fileWriteCall(translated.request);
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

  it('is a whole file that replaces the old one, an empty one too', () => {
    assert.deepEqual(inputs({ data: new Uint8Array(70_000), mode: 0o640, eof: true }), [
      'open mode=416 append=false at=undefined size=70000',
      'chunk 0+60000',
      'chunk 60000+10000',
      'commit',
    ]);
    assert.deepEqual(inputs({ eof: true }), ['open mode=undefined append=false at=undefined size=0', 'commit']);
  });

  it('goes to its place with an offset, and to the end with append', () => {
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

describe('translateRequest()', () => {
  it('turns their shutdown types into our modes', () => {
    const modes = ([0, 1, 2] as const).map((type) => {
      const [body] = [...callOf({ case: 'shutdown', value: { type } }).requests()];
      assert.ok(body !== undefined);
      return liteDecode(ShutdownRequestLite, body).mode;
    });
    assert.deepEqual(modes, [1, 2, 3]);
  });

  it('knows requests that are not served from messages that are none', () => {
    const listing = create(AgentMessageSchema, { payload: { case: 'listDirectory', value: {} } });
    assert.equal(payloadField(listing), 20);
    assert.deepEqual(translate({ case: 'listDirectory', value: {} }), { kind: 'unsupported', name: 'listDirectory' });
    assert.equal(translate({ case: 'pong', value: {} }).kind, 'ignored');
    assert.equal(translate({ case: undefined }).kind, 'ignored');
  });
});
