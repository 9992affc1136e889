import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  FileServiceLite,
  GuestProcessServiceLite,
  PowerServiceLite,
  TelemetryServiceLite,
} from '@innkeeper/contract/agent-lite';
import { settle } from './fake/fake-link-clock.ts';
import { ScriptedAgent } from './fake/scripted-agent.ts';
import { requestsOf } from './fake/scripted-connection.ts';

const { ping } = TelemetryServiceLite;
const { stat } = FileServiceLite;

describe('a unary call', () => {
  it('a unary call is repeated in the next session when its session is lost', async () => {
    const agent = new ScriptedAgent();
    await settle();
    const answer = agent.link.call(FileServiceLite.stat, { path: '/etc/passwd', follow: true });
    await settle();
    await agent.reconnect();
    assert.deepEqual(
      requestsOf(agent.call, stat).map(({ path, follow }) => [path, follow]),
      [['/etc/passwd', true]],
    );
    agent.connection.answer(agent.call, stat, { path: '/etc/passwd', uid: 7 });
    agent.connection.end(agent.call);
    assert.equal((await answer).uid, 7);
    await agent.dispose();
    assert.equal(agent.clock.pendingTimers, 0);
  });

  it('a call that an agent did not begin, as a new one takes its place, is made again there, even if it may run only once', async () => {
    const agent = new ScriptedAgent();
    await settle();
    const answer = agent.link.call(PowerServiceLite.suspend, {});
    await settle();
    agent.connection.end(agent.call, { reason: 'AGENT_UPDATING', message: 'later' });
    await settle();
    await agent.reconnect();
    assert.equal(agent.connection.calls.length, 1);
    agent.connection.answer(agent.call, PowerServiceLite.suspend, {});
    agent.connection.end(agent.call);
    await answer;
    await agent.dispose();
  });

  it('what a restart of the guest may be the effect of is not asked for again after it, or a reboot would follow a reboot', async () => {
    const agent = new ScriptedAgent();
    let boot = 'first';
    agent.onHello = (connection) => connection.welcome({ bootId: boot });
    await settle();
    const failed = assert.rejects(
      agent.link.call(PowerServiceLite.shutdown, { mode: 2 }),
      /restarted during .*Shutdown/,
    );
    await settle();
    boot = 'second';
    await agent.reconnect();
    await failed;
    assert.deepEqual(agent.connection.calls, []);
    await agent.dispose();
  });

  it('a unary call waits for a session, and fails if none opens in time', async () => {
    const agent = new ScriptedAgent();
    agent.onHello = () => undefined;
    const failed = assert.rejects(agent.link.ping({ timeoutMs: 700 }), { reason: 'AGENT_UNREACHABLE' });
    await agent.clock.advance(700);
    await failed;
    await agent.dispose();
  });

  it('a unary call sends the agent its remaining time', async () => {
    const agent = new ScriptedAgent();
    agent.onHello = () => undefined;
    const answer = agent.link.ping({ timeoutMs: 3000 });
    await agent.clock.advance(1000);
    agent.onHello = (connection) => connection.welcome();
    await agent.clock.advance(200);
    assert.equal(agent.call.timeoutMs, 1800);
    agent.connection.answer(agent.call, ping, { agentVersion: '1' });
    assert.deepEqual(await answer, { roundTripMs: 1200, agentVersion: '1' });
    await agent.dispose();
  });

  it('an unanswered call is canceled at the agent, and fails', async () => {
    const agent = new ScriptedAgent();
    await settle();
    const failed = assert.rejects(agent.link.ping({ timeoutMs: 500 }), { reason: 'AGENT_UNREACHABLE' });
    await agent.clock.advance(500);
    await failed;
    assert.ok(agent.call.canceled);
    await agent.dispose();
  });

  it('a call that its caller cancels is canceled at the agent, and fails with the caller’s reason', async () => {
    const agent = new ScriptedAgent();
    await settle();
    const controller = new AbortController();
    const failed = assert.rejects(agent.link.ping({ signal: controller.signal }), /not wanted/);
    await settle();
    controller.abort(new Error('not wanted'));
    await failed;
    assert.ok(agent.call.canceled);
    await agent.dispose();
    assert.equal(agent.clock.pendingTimers, 0);
  });

  it('a call that was canceled before its start is not sent', async () => {
    const agent = new ScriptedAgent();
    await settle();
    await assert.rejects(agent.link.ping({ signal: AbortSignal.abort(new Error('not wanted')) }), /not wanted/);
    assert.deepEqual(agent.connection.calls, []);
    await agent.dispose();
  });

  it('a call fails with the agent’s reason; an unknown one becomes AGENT_ERROR', async () => {
    const agent = new ScriptedAgent();
    for (const [reason, expected] of [
      ['FILE_NOT_FOUND', 'FILE_NOT_FOUND'],
      ['MADE_UP', 'AGENT_ERROR'],
      ['SESSION_EXPIRED', 'AGENT_ERROR'],
    ] as const) {
      agent.onCall = (call, connection) => connection.end(call, { reason, message: 'no' });
      await assert.rejects(agent.link.call(FileServiceLite.stat, { path: '/x' }), { reason: expected, message: /no/ });
    }
    await agent.dispose();
  });

  it('a malformed or missing answer is GUEST_MISBEHAVES', async () => {
    const agent = new ScriptedAgent();
    agent.onCall = (call, connection) => connection.end(call);
    await assert.rejects(agent.link.call(FileServiceLite.stat, { path: '/x' }), { reason: 'GUEST_MISBEHAVES' });
    agent.onCall = (call, connection) =>
      connection.send({ case: 'message', value: { callId: call.id, body: new Uint8Array([0x0a, 0x7f]) } });
    await assert.rejects(agent.link.call(FileServiceLite.stat, { path: '/x' }), { reason: 'GUEST_MISBEHAVES' });
    await agent.dispose();
  });

  for (const [what, request, answer] of [
    ['longer than requested', { path: '/', pageSize: 2 }, { entries: [{}, {}, {}] }],
    ['empty, with a next page', { path: '/' }, { entries: [], nextPageToken: 'a' }],
    ['its own next page', { path: '/', pageToken: 'a' }, { entries: [{}], nextPageToken: 'a' }],
    ['followed by a token of 5,000 characters', { path: '/' }, { entries: [{}], nextPageToken: 'a'.repeat(5000) }],
  ] as const)
    it(`a page of a directory that is ${what} is GUEST_MISBEHAVES`, async () => {
      const agent = new ScriptedAgent();
      agent.onCall = (call, connection) => {
        connection.answer(call, FileServiceLite.list, { ...answer, entries: [...answer.entries] });
        connection.end(call);
      };
      await assert.rejects(agent.link.call(FileServiceLite.list, request), { reason: 'GUEST_MISBEHAVES' });
      await agent.dispose();
    });

  it('an answer of very many empty entries is refused before all are decoded', async () => {
    const agent = new ScriptedAgent();
    const body = Uint8Array.from({ length: 65_000 }, (_, index) => (index % 2 === 0 ? 0x0a : 0));
    agent.onCall = (call, connection) => connection.send({ case: 'message', value: { callId: call.id, body } });
    await assert.rejects(agent.link.call(FileServiceLite.list, { path: '/' }), {
      reason: 'GUEST_MISBEHAVES',
      message: /too many entries/,
    });
    await agent.dispose();
  });

  it('a list of processes has at most the requested number, and no impossible CPU shares', async () => {
    const agent = new ScriptedAgent();
    agent.onCall = (call, connection) => {
      const processes = [Number.NaN, -1, Number.POSITIVE_INFINITY, 250].map((cpuPercent) => ({ cpuPercent }));
      connection.answer(call, GuestProcessServiceLite.list, { processes });
      connection.end(call);
    };
    const { processes } = await agent.link.call(GuestProcessServiceLite.list, { pageSize: 4 });
    assert.deepEqual(
      processes.map(({ cpuPercent }) => cpuPercent),
      [undefined, undefined, undefined, 250],
    );
    await assert.rejects(agent.link.call(GuestProcessServiceLite.list, { pageSize: 3 }), {
      reason: 'GUEST_MISBEHAVES',
    });
    await agent.dispose();
  });

  it('a failed call has the guest’s message, truncated and without control characters', async () => {
    const agent = new ScriptedAgent();
    const message = `\u001b[2J${'x'.repeat(10_000)}`;
    agent.onCall = (call, connection) => connection.end(call, { reason: 'FILE_NOT_FOUND', message });
    await assert.rejects(agent.link.call(stat, { path: '/x' }), { message: `·[2J${'x'.repeat(995)}…` });
    await agent.dispose();
  });
});

describe('a method without the agent’s capability', () => {
  it('a method that the agent lacks is refused before anything is sent, with the capability and the agent’s version', async () => {
    const agent = new ScriptedAgent();
    agent.onHello = (connection) => connection.welcome({ agentVersion: '0.0.9', capabilities: ['telemetry'] });
    await settle();
    const message =
      'The agent 0.0.9 in this guest lacks the capability "file.read", which innkeeper.agent.v1.FileService/Stat needs.';
    await assert.rejects(agent.link.call(stat, { path: '/x' }), { reason: 'UNSUPPORTED_BY_AGENT', message });
    await assert.rejects(agent.link.stream(FileServiceLite.read, one({ path: '/x' })).next(), {
      reason: 'UNSUPPORTED_BY_AGENT',
    });
    assert.deepEqual(agent.connection.calls, []);
    await agent.dispose();
  });
});

async function* one<T>(request: T): AsyncGenerator<T> {
  yield request;
}
