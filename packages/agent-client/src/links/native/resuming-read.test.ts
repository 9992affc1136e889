import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { FileInfoSchema, ReadFileEventSchema } from '@innkeeper/contract/agent';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { settle } from './fake/fake-link-clock.ts';
import { ScriptedAgent } from './fake/scripted-agent.ts';
import { requestsOf } from './fake/scripted-connection.ts';

const { read: method } = FileServiceLite;
type EventInit = NonNullable<MessageInitShape<typeof ReadFileEventSchema>['event']>;

async function begin(request: { offset?: bigint; length?: bigint; sha256?: boolean } = {}, signal?: AbortSignal) {
  const agent = new ScriptedAgent();
  await settle();
  const reading = agent.link.readFile({ path: '/f', ...request }, { signal });
  let text = '';
  const ended = (async () => {
    for await (const chunk of reading.chunks) text += new TextDecoder().decode(chunk);
  })();
  ended.catch(() => undefined);
  await settle();
  return {
    agent,
    reading,
    ended,
    get text() {
      return text;
    },
    send: async (...events: EventInit[]) => {
      for (const event of events) agent.connection.answer(agent.call, method, { event });
      await settle();
    },
    get request() {
      return requestsOf(agent.call, method)[0];
    },
  };
}

const info = (more: MessageInitShape<typeof FileInfoSchema> = {}): EventInit => ({
  case: 'info',
  value: { path: '/f', kind: 1, sizeBytes: 6n, modifiedUnixNs: 5n, ...more },
});
const chunk = (offset: number, text: string): EventInit => ({
  case: 'chunk',
  value: { offset: BigInt(offset), data: new TextEncoder().encode(text) },
});
const done = (bytes: number, sha256 = new Uint8Array(0)): EventInit => ({
  case: 'done',
  value: { bytes: BigInt(bytes), sha256 },
});

const hash = new Uint8Array(32).fill(7);

describe('a download over several sessions', () => {
  it('a download continues after the last received byte', async () => {
    const run = await begin();
    await run.send(info(), chunk(0, 'abc'));
    await run.agent.reconnect();
    assert.equal(run.request?.offset, 3n);
    await run.send(info(), chunk(3, 'def'), done(3));
    await run.ended;
    assert.equal(run.text, 'abcdef');
    assert.equal((await run.reading.info).sizeBytes, 6n);
    assert.equal((await run.reading.done).bytes, 6n);
    await run.agent.dispose();
    assert.equal(run.agent.clock.pendingTimers, 0);
  });

  it('a resumed download requests only the rest, and nothing if it is complete', async () => {
    const run = await begin({ offset: 10n, length: 4n });
    await run.send(info({ sizeBytes: 100n }), chunk(10, 'ab'));
    await run.agent.reconnect();
    assert.deepEqual([run.request?.offset, run.request?.length], [12n, 2n]);
    await run.send(info({ sizeBytes: 100n }), chunk(12, 'cd'));
    await run.agent.reconnect();
    await run.ended;
    assert.deepEqual(run.agent.connection.calls, []);
    assert.equal((await run.reading.done).bytes, 4n);
    await run.agent.dispose();
  });

  it('a download returns the agent’s hash only if it covers everything', async () => {
    const whole = await begin({ sha256: true });
    await whole.send(info(), chunk(0, 'abcdef'), done(6, hash));
    assert.deepEqual((await whole.reading.done).sha256, hash);
    await whole.agent.dispose();
    const resumed = await begin({ sha256: true });
    await resumed.send(info(), chunk(0, 'abc'));
    await resumed.agent.reconnect();
    await resumed.send(info(), chunk(3, 'def'), done(3, hash));
    assert.equal((await resumed.reading.done).sha256.length, 0);
    await resumed.agent.dispose();
  });

  it('a resumed download fails if the file has changed', async () => {
    for (const changed of [{ sizeBytes: 7n }, { modifiedUnixNs: 6n }]) {
      const run = await begin();
      await run.send(info(), chunk(0, 'abc'));
      await run.agent.reconnect();
      await run.send(info(changed));
      await assert.rejects(run.ended, { reason: 'FILE_CHANGED' });
      await assert.rejects(run.reading.done, { reason: 'FILE_CHANGED' });
      await run.agent.dispose();
    }
  });

  it('a lost download of a file that is not regular fails', async () => {
    const run = await begin();
    await run.send(info({ kind: 4 }), chunk(0, 'abc'));
    await run.agent.reconnect();
    await assert.rejects(run.ended, { reason: 'AGENT_UNREACHABLE' });
    await run.agent.dispose();
  });

  it('a download fails if chunks are out of order, or the end is missing', async () => {
    const disorder = await begin();
    await disorder.send(info(), chunk(2, 'c'));
    await assert.rejects(disorder.ended, { reason: 'GUEST_MISBEHAVES' });
    await disorder.agent.dispose();
    const early = await begin();
    await early.send(info());
    early.agent.connection.end(early.agent.call);
    await assert.rejects(early.ended, { reason: 'GUEST_MISBEHAVES' });
    await early.agent.dispose();
  });

  for (const [what, request, events] of [
    ['more bytes than requested', { length: 2n }, [info(), chunk(0, 'abc')]],
    ['chunks before the file’s info', {}, [chunk(0, 'abc')]],
    ['the file’s info twice', {}, [info(), info()]],
    ['empty chunks', {}, [info(), chunk(0, '')]],
    ['a wrong total', {}, [info(), chunk(0, 'abc'), done(4)]],
    ['a hash of 31 bytes', { sha256: true }, [info(), chunk(0, 'abc'), done(3, new Uint8Array(31))]],
    ['no hash although one was requested', { sha256: true }, [info(), chunk(0, 'abc'), done(3)]],
    ['an offset beyond every file', {}, [info(), { case: 'chunk', value: { offset: 2n ** 63n, data: hash } }]],
  ] as const)
    it(`a download fails with GUEST_MISBEHAVES when a guest sends ${what}`, async () => {
      const run = await begin(request);
      await run.send(...(events as readonly EventInit[]));
      await assert.rejects(run.ended, { reason: 'GUEST_MISBEHAVES' });
      await run.agent.dispose();
    });

  it('a canceled download is canceled at the agent', async () => {
    const controller = new AbortController();
    const run = await begin({}, controller.signal);
    await run.send(info());
    controller.abort(new Error('not wanted'));
    await assert.rejects(run.ended, /not wanted/);
    await assert.rejects(run.reading.done, /not wanted/);
    assert.ok(run.agent.call.canceled);
    await run.agent.dispose();
  });

  it('a download whose reader leaves is canceled at the agent', async () => {
    const agent = new ScriptedAgent();
    await settle();
    const { chunks, done: total } = agent.link.readFile({ path: '/f' });
    const reading = (async () => {
      for await (const _ of chunks) break;
    })();
    await settle();
    for (const event of [info(), chunk(0, 'a')]) agent.connection.answer(agent.call, method, { event });
    await reading;
    await assert.rejects(total, { reason: 'CANCELED' });
    await settle();
    assert.ok(agent.call.canceled);
    await agent.dispose();
  });
});
