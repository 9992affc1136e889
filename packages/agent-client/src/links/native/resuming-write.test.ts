import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import type { WriteFileOptions } from '../../agent-link.ts';
import { settle } from './fake/fake-link-clock.ts';
import { ScriptedAgent } from './fake/scripted-agent.ts';
import { requestsOf } from './fake/scripted-connection.ts';

const { write: method } = FileServiceLite;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

async function begin(open: { uploadId?: string }, content: string, options?: WriteFileOptions) {
  const agent = new ScriptedAgent();
  await settle();
  const starts: number[] = [];
  const state = { sourceLeft: 0 };
  const done = agent.link.writeFile(
    { path: '/f', ...open },
    async function* (offset) {
      starts.push(Number(offset));
      try {
        yield new TextEncoder().encode(content.slice(Number(offset)));
      } finally {
        state.sourceLeft++;
      }
    },
    options,
  );
  done.catch(() => undefined);
  await settle();
  return {
    agent,
    done,
    starts,
    state,
    opened: async (offset: number) => {
      agent.connection.answer(agent.call, method, { event: { case: 'opened', value: { offset: BigInt(offset) } } });
      await settle();
    },
    finish: async (bytes: number) => {
      agent.connection.answer(agent.call, method, { event: { case: 'done', value: { bytes: BigInt(bytes) } } });
      await settle();
    },
    requests: () => requestsOf(agent.call, method).map(({ input }) => input),
  };
}

describe('an upload over several sessions', () => {
  it('an upload continues from the agent’s offset', async () => {
    const run = await begin({ uploadId: 'u' }, 'abcdef');
    await run.opened(0);
    await run.agent.reconnect();
    const [open] = run.requests();
    assert.ok(open?.case === 'open' && open.value.resume && open.value.uploadId === 'u');
    await run.opened(4);
    assert.deepEqual(run.starts, [0, 4]);
    const [, chunk, commit] = run.requests();
    assert.ok(chunk?.case === 'chunk');
    assert.deepEqual([Number(chunk.value.offset), text(chunk.value.data)], [4, 'ef']);
    assert.equal(commit?.case, 'commit');
    assert.ok(run.agent.call.halfClosed);
    await run.finish(6);
    assert.equal((await run.done).bytes, 6n);
    await run.agent.dispose();
    assert.equal(run.agent.clock.pendingTimers, 0);
  });

  it('an upload without an id fails with its session', async () => {
    const run = await begin({}, 'abc');
    await run.opened(0);
    await run.agent.reconnect();
    await assert.rejects(run.done, { reason: 'AGENT_UNREACHABLE' });
    assert.deepEqual(run.agent.connection.calls, []);
    await run.agent.dispose();
  });

  it('an upload respects the agent’s credit, and reports its progress', async () => {
    const sizes: number[] = [];
    const run = await begin({ uploadId: 'u' }, 'x'.repeat(600_000), { onProgress: (offset) => sizes.push(offset) });
    await run.opened(0);
    const sent = (): number =>
      run.requests().reduce((sum, input) => sum + (input.case === 'chunk' ? input.value.data.length : 0), 0);
    assert.ok(sent() >= 262_144 - 61_440 && sent() < 262_144 + 65_000, `${sent()}`);
    assert.equal(sizes.at(-1), sent());
    run.agent.connection.send({ case: 'credit', value: { callId: run.agent.call.id, bytes: 600_000 } });
    await settle();
    assert.equal(sent(), 600_000);
    await run.finish(600_000);
    await run.done;
    await run.agent.dispose();
  });

  it('an upload that the agent refuses ends its source, and fails with the reason', async () => {
    const run = await begin({ uploadId: 'u' }, 'x'.repeat(600_000));
    await run.opened(0);
    run.agent.connection.end(run.agent.call, { reason: 'GUEST_DISK_FULL', message: 'no room' });
    await assert.rejects(run.done, { reason: 'GUEST_DISK_FULL' });
    assert.equal(run.state.sourceLeft, 1);
    await run.agent.dispose();
  });

  it('an upload whose source fails is canceled at the agent', async () => {
    const agent = new ScriptedAgent();
    await settle();
    const done = agent.link.writeFile({ path: '/f', uploadId: 'u' }, () => {
      throw new Error('the disk of the host');
    });
    await settle();
    agent.connection.answer(agent.call, method, { event: { case: 'opened', value: { offset: 0n } } });
    await assert.rejects(done, /the disk of the host/);
    await settle();
    assert.ok(agent.call.canceled);
    await agent.dispose();
  });

  it('an upload sends the hash of the whole file when its source has ended', async () => {
    const hash = new Uint8Array(32).fill(3);
    const run = await begin({ uploadId: 'u' }, 'abc', { expectedSha256: () => hash });
    await run.opened(0);
    const commit = run.requests().at(-1);
    assert.ok(commit?.case === 'commit');
    assert.deepEqual(commit.value.sha256, hash);
    await run.agent.dispose();
  });

  it('an upload that is canceled while it waits for credit is canceled at the agent', async () => {
    const controller = new AbortController();
    const run = await begin({ uploadId: 'u' }, 'x'.repeat(600_000), { signal: controller.signal });
    await run.opened(0);
    controller.abort(new Error('not wanted'));
    await assert.rejects(run.done, /not wanted/);
    assert.ok(run.agent.call.canceled);
    assert.equal(run.state.sourceLeft, 1);
    await run.agent.dispose();
  });

  it('an upload with invalid answers is GUEST_MISBEHAVES', async () => {
    const wrong = await begin({ uploadId: 'u' }, 'abc');
    await wrong.finish(3);
    await assert.rejects(wrong.done, { reason: 'GUEST_MISBEHAVES' });
    await wrong.agent.dispose();
    const early = await begin({ uploadId: 'u' }, 'abc');
    await early.opened(0);
    early.agent.connection.end(early.agent.call);
    await assert.rejects(early.done, { reason: 'GUEST_MISBEHAVES' });
    await early.agent.dispose();
  });
});
