import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  FileServiceLite,
  PingRequestLite,
  PingResponseLite,
  TelemetryServiceLite,
} from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { type Operation, OperationTable, operation, unaryOperation } from './dispatch.ts';
import { ManualClock } from './fake/manual-clock.ts';
import { neverFrozen } from './freeze-state.ts';
import { HostError } from './host-error.ts';

const never = new AbortController().signal;

async function* of(...bodies: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* bodies;
}

async function* silence(): AsyncGenerator<Uint8Array> {
  await new Promise(() => undefined);
}

/** Runs a call until it ends; returns its answers. */
async function call(
  operations: readonly Operation[],
  method: string,
  input: AsyncIterable<Uint8Array>,
  { frozen = false } = {},
): Promise<Uint8Array[]> {
  const answers: Uint8Array[] = [];
  const table = new OperationTable(
    operations,
    { isFrozen: frozen, isBusy: frozen, leaseLeftMs: undefined },
    new ManualClock(),
  );
  const sink = async (body: Uint8Array): Promise<void> => {
    answers.push(body);
  };
  await table.call(method, input, sink, { signal: never, timeoutMs: 0 });
  return answers;
}

const pong = unaryOperation(TelemetryServiceLite.ping, ({ sequence }) => ({ sequence, agentVersion: '1' }));

function failing(error: unknown): Operation {
  return unaryOperation(TelemetryServiceLite.ping, () => {
    throw error;
  });
}

describe('OperationTable', () => {
  it('the dispatcher decodes the request, calls the handler, and encodes the answer', async () => {
    const request = liteEncode(PingRequestLite, { sequence: 5n });
    const [answer = new Uint8Array()] = await call([pong], pong.method.name, of(request));
    assert.equal(liteDecode(PingResponseLite, answer).sequence, 5n);
  });

  it('the dispatcher refuses unknown methods and malformed requests', async () => {
    await assert.rejects(call([pong], 'a/B', of()), { reason: 'UNKNOWN_METHOD' });
    await assert.rejects(call([pong], pong.method.name, of(new Uint8Array([0xff]))), { reason: 'INVALID_ARGUMENT' });
    await assert.rejects(call([pong], pong.method.name, of()), { reason: 'INVALID_ARGUMENT' });
  });

  it('while file systems are frozen, the dispatcher runs only methods that may run then', async () => {
    const writing = operation(FileServiceLite.write, async () => undefined);
    const body = new Uint8Array();
    await assert.rejects(call([writing], writing.method.name, of(body), { frozen: true }), {
      reason: 'FILESYSTEM_FROZEN',
    });
    assert.equal((await call([pong], pong.method.name, of(body), { frozen: true })).length, 1);
  });

  it('the dispatcher maps kernel errors to reasons, and other errors to INTERNAL', async () => {
    const reasonOf = async (error: unknown): Promise<string> => {
      const body = new Uint8Array();
      const failure = await call([failing(error)], pong.method.name, of(body)).catch((caught: unknown) => caught);
      return failure instanceof OperationError ? failure.reason : 'none';
    };
    assert.equal(await reasonOf(new HostError('ENOSPC', 'write')), 'GUEST_DISK_FULL');
    assert.equal(await reasonOf(new HostError('EACCES', 'open', '/a')), 'FILE_PERMISSION');
    assert.equal(await reasonOf(new HostError('EIO', 'read')), 'GUEST_IO');
    assert.equal(await reasonOf(new OperationError('USER_NOT_FOUND', 'no')), 'USER_NOT_FOUND');
    assert.equal(await reasonOf(new TypeError('x')), 'INTERNAL');
  });

  it('the dispatcher ends a call at its deadline even if its input never arrives', async () => {
    const clock = new ManualClock();
    const table = new OperationTable([pong], neverFrozen, clock);
    const ended = table.call(pong.method.name, silence(), async () => undefined, { signal: never, timeoutMs: 100 });
    const outcome = assert.rejects(ended, { reason: 'DEADLINE_EXCEEDED' });
    await clock.advance(100);
    await outcome;
    assert.equal(clock.pendingTimers, 0);
  });

  describe('with services that are loaded at their first call', () => {
    const service = 'innkeeper.agent.v1.TelemetryService';
    const request = liteEncode(PingRequestLite, { sequence: 7n });
    const options = { signal: never, timeoutMs: 0 };
    const ignore = async (): Promise<void> => undefined;

    it('a service is loaded once, at the first call of one of its methods', async () => {
      let loads = 0;
      const load = async () => {
        loads++;
        return [pong];
      };
      const table = new OperationTable([], neverFrozen, new ManualClock(), (name) =>
        name === service ? load() : undefined,
      );
      assert.equal(table.methodOf(pong.method.name), undefined);
      const calls = [1, 2].map(() => table.call(pong.method.name, of(request), ignore, options));
      await Promise.all(calls);
      await table.call(pong.method.name, of(request), ignore, options);
      assert.equal(loads, 1);
      assert.equal(table.methodOf(pong.method.name)?.kind, 'unary');
    });

    it('a service that could not be loaded is tried again at the next call', async () => {
      const tries = [() => Promise.reject(new Error('out of memory')), async () => [pong]];
      const load = () => tries.shift()?.() ?? Promise.reject(new Error('no more'));
      const table = new OperationTable([], neverFrozen, new ManualClock(), (name) =>
        name === service ? load() : undefined,
      );
      const call = () => table.call(pong.method.name, of(request), ignore, options);
      await assert.rejects(call(), { reason: 'INTERNAL', message: 'out of memory' });
      await call();
    });

    it('a method of no service, and one that its service does not have, are unknown', async () => {
      const table = new OperationTable([], neverFrozen, new ManualClock(), async (name) =>
        name === service ? [pong] : [],
      );
      for (const method of ['a/B', 'toString/B', 'B', '', `${service}/Pong`])
        await assert.rejects(table.call(method, of(request), ignore, options), { reason: 'UNKNOWN_METHOD' });
    });
  });
});
