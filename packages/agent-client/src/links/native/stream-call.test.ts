import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ExecRequestSchema } from '@innkeeper/contract/agent';
import { FileServiceLite, LogServiceLite, ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import { settle } from './fake/fake-link-clock.ts';
import { ScriptedAgent } from './fake/scripted-agent.ts';
import { requestsOf } from './fake/scripted-connection.ts';

const { exec } = ProcessServiceLite;

async function* requests<T>(...all: readonly T[]): AsyncGenerator<T> {
  yield* all;
}

describe('a call whose requests and answers are a stream', () => {
  it('a streaming call sends every request and their end, and returns the answers as they arrive', async () => {
    const agent = new ScriptedAgent();
    await settle();
    const stdin = { input: { case: 'stdin' as const, value: { data: new Uint8Array([1]) } } };
    const start = { input: { case: 'start' as const, value: { id: 'a', argv: ['x'] } } };
    const answers = agent.link.stream(exec, requests<MessageInitShape<typeof ExecRequestSchema>>(start, stdin));
    const first = answers.next();
    await settle();
    assert.deepEqual(
      requestsOf(agent.call, exec).map(({ input }) => input.case),
      ['start', 'stdin'],
    );
    assert.ok(agent.call.halfClosed);
    agent.connection.answer(agent.call, exec, { event: { case: 'started', value: { id: 'a' } } });
    assert.equal((await first).value?.event.case, 'started');
    agent.connection.end(agent.call);
    assert.deepEqual(await answers.next(), { done: true, value: undefined });
    await agent.dispose();
  });

  it('a streaming call fails with AGENT_UNREACHABLE when its session is lost, and is not repeated', async () => {
    const agent = new ScriptedAgent();
    await settle();
    const answers = agent.link.stream(FileServiceLite.read, requests({ path: '/x' }));
    const failed = assert.rejects(answers.next(), { reason: 'AGENT_UNREACHABLE', message: /FileService\/Read/ });
    await settle();
    await agent.reconnect();
    await failed;
    assert.deepEqual(agent.connection.calls, []);
    await agent.dispose();
  });

  it('a watch of files is opened again after a lost session, and says that changes were lost', async () => {
    const agent = new ScriptedAgent();
    await settle();
    const { watch } = FileServiceLite;
    const events = agent.link.stream(watch, requests({ path: '/x', recursive: true }));
    const started = events.next();
    await settle();
    agent.connection.answer(agent.call, watch, { event: { case: 'started', value: { folders: 1 } } });
    assert.equal((await started).value?.event.case, 'started');
    const next = events.next();
    await settle();
    await agent.reconnect();
    assert.deepEqual(
      requestsOf(agent.call, watch).map(({ path, recursive }) => [path, recursive]),
      [['/x', true]],
    );
    agent.connection.answer(agent.call, watch, { event: { case: 'started', value: { folders: 1 } } });
    const { event } = (await next).value ?? {};
    assert.deepEqual([event?.case, event?.case === 'changes' && event.value.lost], ['changes', true]);
    agent.connection.end(agent.call, { reason: 'FILE_NOT_FOUND', message: 'gone' });
    await assert.rejects(events.next(), { reason: 'FILE_NOT_FOUND' });
    await agent.dispose();
  });

  it('a watch of files that an updated agent continues goes on after its last message, and nothing was lost', async () => {
    const agent = new ScriptedAgent();
    await settle();
    const { watch } = FileServiceLite;
    const events = agent.link.stream(watch, requests({ path: '/x' }));
    const started = events.next();
    await settle();
    const [first] = requestsOf(agent.call, watch);
    assert.match(first?.watchId ?? '', /^[0-9a-f]{32}$/);
    const { connection } = agent;
    connection.answer(agent.call, watch, { event: { case: 'started', value: { folders: 1 } } });
    connection.answer(agent.call, watch, { event: { case: 'changes', value: { number: 7n } } });
    await started;
    await events.next();
    const next = events.next();
    await settle();
    await agent.reconnect();
    assert.deepEqual(
      requestsOf(agent.call, watch).map(({ path, watchId, after }) => [path, watchId, after]),
      [['/x', first?.watchId, 7n]],
    );
    agent.connection.answer(agent.call, watch, { event: { case: 'started', value: { continued: true } } });
    agent.connection.answer(agent.call, watch, { event: { case: 'changes', value: { number: 8n } } });
    const { event } = (await next).value ?? {};
    assert.deepEqual([event?.case, event?.case === 'changes' && event.value.number], ['changes', 8n]);
    await agent.dispose();
  });

  for (const follow of [true, false])
    it(`a log that is ${follow ? 'followed is read on after its last entry' : 'not followed ends'} when its session is lost`, async () => {
      const agent = new ScriptedAgent();
      await settle();
      const { readFile } = LogServiceLite;
      const batches = agent.link.stream(readFile, requests({ path: '/x', lines: 5, follow }));
      const first = batches.next();
      await settle();
      agent.connection.answer(agent.call, readFile, { entries: [{ message: 'a' }], cursor: '1:2:3' });
      await first;
      const next = batches.next();
      next.catch(() => undefined);
      await settle();
      await agent.reconnect();
      if (follow) {
        assert.deepEqual(
          requestsOf(agent.call, readFile).map(({ path, cursor }) => [path, cursor]),
          [['/x', '1:2:3']],
        );
        agent.connection.answer(agent.call, readFile, { entries: [{ message: 'b' }], cursor: '1:2:5' });
        assert.equal((await next).value?.entries[0]?.message, 'b');
      } else await assert.rejects(next, { reason: 'AGENT_UNREACHABLE' });
      await agent.dispose();
    });

  it('a streaming call fails with its requests’ error, and is canceled at the agent', async () => {
    const agent = new ScriptedAgent();
    await settle();
    const start = { input: { case: 'start' as const, value: { id: 'a', argv: ['x'] } } };
    async function* broken(): AsyncGenerator<typeof start> {
      yield start;
      throw new Error('the file is gone');
    }
    await assert.rejects(agent.link.stream(exec, broken()).next(), /the file is gone/);
    assert.ok(agent.call.canceled);
    await agent.dispose();
  });

  it('a streaming call ends its requests when its answers are no longer read', async () => {
    const agent = new ScriptedAgent();
    await settle();
    let ended = false;
    async function* endless(): AsyncGenerator<{ path: string }> {
      try {
        for (;;) yield { path: '/x' };
      } finally {
        ended = true;
      }
    }
    const answers = agent.link.stream(FileServiceLite.read, endless());
    const first = answers.next();
    await settle();
    agent.connection.answer(agent.call, FileServiceLite.read, { event: { case: 'info', value: { path: '/x' } } });
    await first;
    await answers.return();
    await settle();
    assert.ok(ended && agent.call.canceled);
    await agent.dispose();
  });
});
