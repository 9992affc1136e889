import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { AgentMessageLite } from '@innkeeper/contract/agent-message-lite';
import { liteEncode } from '@innkeeper/contract/lite';
import { printHeader } from '@innkeeper/wire';
import { maxRunningCalls, stallMs } from '../../serving/limits.ts';
import { fakeSession } from './fake/fake-session.ts';

function serve(test: TestContext, options?: Parameters<typeof fakeSession>[0]): ReturnType<typeof fakeSession> {
  const session = fakeSession(options);
  test.after(session.end);
  return session;
}

describe('serveAgentMessage()', () => {
  it('an AgentMessage session sends agent_ready first, then telemetry, and answers a ping with its id', async (test) => {
    const { host, agent } = serve(test);
    host.send('p', { case: 'ping', value: { sequence: 4n } });
    const pong = await host.answer('p');
    assert.ok(pong.case === 'pong');
    assert.equal(pong.value.sequence, 4n);
    for (let turns = 0; turns < 10; turns++) await turn();
    await agent.report?.();
    await turn();
    const events = host.received.filter(({ messageId }) => messageId !== 'p').map(({ payload }) => payload.case);
    assert.deepEqual(events, ['agentReady', 'telemetry', 'telemetry']);
    assert.equal(host.received[0]?.timestamp?.seconds, 1_700_000_000n);
  });

  it('an AgentMessage session uses its port’s header until the peer has sent one, and then the peer’s', async (test) => {
    const { host } = serve(test, { form: 'magic' });
    for (let turns = 0; turns < 10; turns++) await turn();
    assert.deepEqual([...new Set(host.forms)], ['magic']);
    host.send('p', { case: 'ping', value: {} }, 'plain');
    await host.answer('p');
    assert.equal(host.forms.at(-1), 'plain');
  });

  it('a ping is answered while a command runs, and the command when it ends', async (test) => {
    const { host, agent } = serve(test);
    host.send('e', { case: 'execute', value: { command: 'long', waitForExit: true } });
    host.send('p', { case: 'ping', value: {} });
    await host.answer('p');
    assert.ok(!host.received.some(({ messageId }) => messageId === 'e'));
    agent.processes.get('long')?.resolve();
    const response = await host.answer('e');
    assert.ok(response.case === 'executeResponse');
    assert.equal(response.value.stdout, 'long');
  });

  it('execute without wait_for_exit is answered at the start and detached', async (test) => {
    const { host, agent } = serve(test);
    host.send('e', { case: 'execute', value: { command: 'daemon' } });
    const response = await host.answer('e');
    assert.ok(response.case === 'executeResponse');
    assert.equal(response.value.error, '');
    assert.deepEqual(agent.canceled, ['daemon']);
  });

  it('an AgentMessage session refuses commands above the limit, but never a ping', async (test) => {
    const { host } = serve(test);
    for (let count = 0; count <= maxRunningCalls; count++) {
      host.send(`e${count}`, { case: 'execute', value: { command: `c${count}`, waitForExit: true } });
    }
    host.send('p', { case: 'ping', value: {} });
    await host.answer('p');
    const refused = await host.answer(`e${maxRunningCalls}`);
    assert.ok(refused.case === 'executeResponse');
    assert.match(refused.value.error, /^TOO_MANY_CALLS/);
  });

  it('unsupported and oversized requests get an error answer, and the session survives garbage', async (test) => {
    const { host } = serve(test);
    host.send('q', { case: 'displayResize', value: {} });
    const refused = await host.answer('q');
    assert.ok(refused.case === 'displayResizeResponse');
    assert.match(refused.value.error, /^UNSUPPORTED_BY_AGENT/);
    const large = { case: 'execute', value: { command: 'x'.repeat(1_100_000) } } as const;
    const { length } = liteEncode(AgentMessageLite, { messageId: 'w', payload: large });
    host.send('w', large);
    const long = await host.answer('w');
    assert.ok(long.case === 'executeResponse');
    assert.match(
      long.value.error,
      new RegExp(`^INVALID_ARGUMENT: The request has ${length} bytes; the maximum is 1052672\\. Split it`),
    );
    host.sendBytes(new Uint8Array([0xff, 0xfe, 0x33]));
    host.send('p', { case: 'ping', value: {} }, 'magic');
    await host.answer('p');
  });

  it('an AgentMessage session handles the bytes already read for detection', async (test) => {
    const body = liteEncode(AgentMessageLite, { messageId: 'p', payload: { case: 'ping', value: {} } });
    const { host } = serve(test, { firstBytes: new Uint8Array([...printHeader('magic', body.length), ...body]) });
    assert.equal((await host.answer('p')).case, 'pong');
  });

  it('half a message is dropped when the rest does not arrive in time', async (test) => {
    const { host, clock } = serve(test);
    host.sendBytes(new Uint8Array([0, 0, 1, 0, 0x0a, 2]));
    await turn();
    await turn();
    clock.advance(stallMs);
    host.send('p', { case: 'ping', value: {} });
    await host.answer('p');
  });

  it('an AgentMessage session skips telemetry and stops reading while the peer does not read', async (test) => {
    const { host, agent } = serve(test);
    host.send('first', { case: 'ping', value: {} });
    await host.answer('first');
    host.stopReading();
    for (let count = 0; count < 200; count++) host.send(`p${count}`, { case: 'ping', value: {} });
    for (let count = 0; count < 20; count++) await agent.report?.();
    await turn();
    host.readOn();
    await host.answer('p199');
    assert.ok(host.received.filter(({ payload }) => payload.case === 'telemetry').length <= 3);
  });

  it('a host that attaches late gets agent_ready before anything is sampled', async (test) => {
    const { host, agent } = serve(test, { reading: false });
    for (let turns = 0; turns < 10; turns++) await turn();
    assert.equal(agent.watching, 0);
    host.readOn();
    for (let turns = 0; turns < 10; turns++) await turn();
    assert.equal(agent.watching, 1);
    assert.equal(host.received[0]?.payload.case, 'agentReady');
  });

  it('a session that ends completes the message being written, and writes no other', async (test) => {
    const { host, done } = serve(test);
    host.send('first', { case: 'ping', value: {} });
    await host.answer('first');
    host.stopReading();
    host.send('half', { case: 'ping', value: {} });
    host.send('never', { case: 'ping', value: {} });
    for (let turns = 0; turns < 10; turns++) await turn();
    host.hangUp();
    let ended = false;
    const end = done.then(() => {
      ended = true;
    });
    for (let turns = 0; turns < 10; turns++) await turn();
    assert.equal(ended, false);
    host.readOn();
    await end;
    assert.ok(host.received.some(({ messageId }) => messageId === 'half'));
    assert.ok(!host.received.some(({ messageId }) => messageId === 'never'));
  });

  it('an AgentMessage session ends when the peer is gone, and cancels running calls', async (test) => {
    const { host, agent, done } = serve(test);
    host.send('e', { case: 'execute', value: { command: 'long', waitForExit: true } });
    for (let turns = 0; turns < 10; turns++) await turn();
    host.hangUp();
    await done;
    await turn();
    assert.deepEqual(agent.canceled, ['long']);
  });
});
