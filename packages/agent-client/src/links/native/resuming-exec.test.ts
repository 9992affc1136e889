import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ExecEvent, ExecEventSchema } from '@innkeeper/contract/agent';
import { ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import type { ExecSession } from '../../agent-link.ts';
import { settle } from './fake/fake-link-clock.ts';
import { ScriptedAgent } from './fake/scripted-agent.ts';
import { requestsOf } from './fake/scripted-connection.ts';

const { exec: method, signal: signalMethod } = ProcessServiceLite;
type EventInit = NonNullable<MessageInitShape<typeof ExecEventSchema>['event']>;

/** A connected agent with one followed process. */
async function follow(start: (agent: ScriptedAgent) => ExecSession = (agent) => agent.link.exec({ argv: ['x'] })) {
  const agent = new ScriptedAgent();
  await settle();
  const exec = start(agent);
  let text = '';
  const kinds: string[] = [];
  const ended = (async () => {
    for await (const { event } of exec.events) {
      kinds.push(String(event.case));
      if (event.case === 'output') text += new TextDecoder().decode(event.value.data);
    }
  })();
  ended.catch(() => undefined);
  await settle();
  return {
    agent,
    exec,
    ended,
    kinds,
    get text() {
      return text;
    },
    send: async (...events: EventInit[]) => {
      for (const event of events) agent.connection.answer(agent.call, method, { event });
      await settle();
    },
    requests: () => requestsOf(agent.call, method).map(({ input }) => input),
  };
}

const started = (stdinOffset = 0n): EventInit => ({ case: 'started', value: { id: 'i', pid: 9, stdinOffset } });
const exited: EventInit = { case: 'exited', value: { status: { case: 'exitCode', value: 0 } } };
const output = (offset: number, text: string): EventInit => ({
  case: 'output',
  value: { offset: BigInt(offset), stream: 1, data: new TextEncoder().encode(text) },
});

describe('a command over several sessions', () => {
  it('a command whose start may be lost is started again with the same id', async () => {
    const run = await follow();
    await run.agent.reconnect();
    const [request] = run.requests();
    assert.ok(request?.case === 'start');
    assert.equal(request.value.id, run.exec.id);
    assert.match(run.exec.id, /^[0-9a-f]{32}$/);
    await run.send(started(), exited);
    await run.ended;
    await run.agent.dispose();
  });

  it('a command’s output continues after the last received byte, and each byte arrives once', async () => {
    const run = await follow();
    await run.send(started(), output(0, 'abc'));
    await run.agent.reconnect();
    const [request] = run.requests();
    assert.ok(request?.case === 'attach');
    assert.deepEqual([request.value.id, request.value.fromOffset], [run.exec.id, 3n]);
    await run.send(started(), output(1, 'bcde'), output(0, 'ab'), output(5, 'f'), exited);
    await run.ended;
    assert.equal(run.text, 'abcdef');
    assert.deepEqual(run.kinds, ['started', 'output', 'output', 'output', 'exited']);
    await run.agent.dispose();
    assert.equal(run.agent.clock.pendingTimers, 0);
  });

  it('a gap in a command’s output is reported; missing bytes without one are GUEST_MISBEHAVES', async () => {
    const run = await follow();
    await run.send(started(), { case: 'gap', value: { offset: 0n, bytes: 10n } }, output(10, 'x'));
    assert.deepEqual(run.kinds, ['started', 'gap', 'output']);
    await run.send(output(99, 'y'));
    await assert.rejects(run.ended, { reason: 'GUEST_MISBEHAVES' });
    await run.agent.dispose();
  });

  it('a command is not started again by a restarted agent', async () => {
    for (const events of [[], [started()]]) {
      const run = await follow();
      await run.send(...events);
      run.agent.onHello = (connection) => connection.welcome({ agentInstance: 'two' });
      await run.agent.reconnect();
      await assert.rejects(run.ended, { reason: 'AGENT_RESTARTED' });
      assert.deepEqual(run.agent.connection.calls, []);
      await run.agent.dispose();
    }
  });

  it('an unknown command is AGENT_RESTARTED, or EXEC_NOT_FOUND if attached by id', async () => {
    const unknown = { reason: 'EXEC_NOT_FOUND', message: 'no such process' };
    const run = await follow();
    await run.send(started());
    await run.agent.reconnect();
    run.agent.connection.end(run.agent.call, unknown);
    await assert.rejects(run.ended, { reason: 'AGENT_RESTARTED' });
    await run.agent.dispose();
    const attached = await follow((agent) => agent.link.attach('known', 5n));
    attached.agent.connection.end(attached.agent.call, unknown);
    await assert.rejects(attached.ended, { reason: 'EXEC_NOT_FOUND' });
    await attached.agent.dispose();
  });

  it('a command that ends without an exit event is GUEST_MISBEHAVES', async () => {
    const run = await follow();
    await run.send(started());
    run.agent.connection.end(run.agent.call);
    await assert.rejects(run.ended, { reason: 'GUEST_MISBEHAVES' });
    await run.agent.dispose();
  });

  it('a command gets its terminal’s last size again after a reconnect', async () => {
    const run = await follow();
    await run.send(started());
    await run.exec.resize(100, 30);
    run.agent.connection.hangUp();
    // Between sessions: it is remembered.
    await run.exec.resize(120, 40);
    await run.agent.clock.advance(200);
    await run.send(started());
    const sizes = run.requests().flatMap((input) => (input.case === 'resize' ? [input.value.columns] : []));
    assert.deepEqual(sizes, [120]);
    await run.agent.dispose();
  });

  it('a command’s signals are sent in separate calls', async () => {
    const run = await follow();
    const sent = run.exec.signal(15);
    await settle();
    const [request] = requestsOf(run.agent.call, signalMethod);
    assert.deepEqual([request?.id, request?.signal, request?.onlyLeader], [run.exec.id, 15, false]);
    run.agent.connection.answer(run.agent.call, signalMethod, { signaled: 1 });
    await sent;
    await run.agent.dispose();
  });
});

describe('standard input over several sessions', () => {
  const inputs = (run: Awaited<ReturnType<typeof follow>>) =>
    run.requests().flatMap((input) => {
      if (input.case !== 'stdin') return [];
      const { offset, data, end } = input.value;
      return [[Number(offset), new TextDecoder().decode(data), end] as const];
    });

  it('standard input waits for the start, and continues at the process’s offset', async () => {
    const run = await follow();
    await run.exec.writeStdin(new TextEncoder().encode('abcdef'));
    assert.deepEqual(inputs(run), []);
    await run.send(started());
    assert.deepEqual(inputs(run), [[0, 'abcdef', false]]);
    await run.exec.endStdin();
    await settle();
    assert.deepEqual(inputs(run).at(-1), [6, '', true]);
    await run.agent.reconnect();
    await run.send(started(4n));
    assert.deepEqual(inputs(run), [[4, 'ef', true]]);
    await run.agent.dispose();
  });

  it('standard input continues after the bytes of another writer', async () => {
    const run = await follow((agent) => agent.link.attach('known', 0n));
    await run.send(started(1000n));
    await run.exec.writeStdin(new TextEncoder().encode('more'));
    await settle();
    assert.deepEqual(inputs(run), [[1000, 'more', false]]);
    await run.agent.dispose();
  });

  it('standard input waits while 256 KiB are unacknowledged, and is refused after its end', async () => {
    const run = await follow();
    await run.send(started());
    let written = false;
    const writing = run.exec.writeStdin(new Uint8Array(300_000)).then(() => {
      written = true;
    });
    await settle();
    assert.equal(written, false);
    await run.send({ case: 'stdinAccepted', value: 100_000n });
    await writing;
    await run.exec.endStdin();
    await assert.rejects(run.exec.writeStdin(new Uint8Array(1)), { reason: 'STDIN_CLOSED' });
    await run.agent.dispose();
  });

  it('standard input is refused when the process has ended, also for waiting writers', async () => {
    const run = await follow();
    await run.send(started());
    const writing = assert.rejects(run.exec.writeStdin(new Uint8Array(600_000)), { reason: 'STDIN_CLOSED' });
    await settle();
    await run.send(exited);
    await writing;
    await assert.rejects(run.exec.writeStdin(new Uint8Array(1)), { reason: 'STDIN_CLOSED' });
    await run.agent.dispose();
  });
});

describe('cancelling a command', () => {
  it('cancelling a command detaches: reader and writer get the caller’s reason', async () => {
    const controller = new AbortController();
    const run = await follow((agent) => agent.link.exec({ argv: ['x'] }, { signal: controller.signal }));
    await run.send(started());
    const writing = assert.rejects(run.exec.writeStdin(new Uint8Array(600_000)), /not wanted/);
    await settle();
    controller.abort(new Error('not wanted'));
    await writing;
    await assert.rejects(run.ended, /not wanted/);
    assert.ok(run.agent.call.canceled);
    await run.agent.dispose();
  });

  it('cancelling a command reaches a writer without a reader of its events', async () => {
    const controller = new AbortController();
    const agent = new ScriptedAgent();
    await settle();
    const exec = agent.link.exec({ argv: ['x'] }, { signal: controller.signal });
    const writing = assert.rejects(exec.writeStdin(new Uint8Array(600_000)), /not wanted/);
    await settle();
    controller.abort(new Error('not wanted'));
    await writing;
    await agent.dispose();
  });

  it('a command that is canceled before its start starts nothing', async () => {
    const agent = new ScriptedAgent();
    await settle();
    const exec = agent.link.exec({ argv: ['x'] }, { signal: AbortSignal.abort(new Error('not wanted')) });
    await assert.rejects(exec.events[Symbol.asyncIterator]().next(), /not wanted/);
    assert.deepEqual(agent.connection.calls, []);
    await agent.dispose();
  });

  it('leaving a command’s events, or disposing of it, notifies the agent', async () => {
    const ways: ((exec: ExecSession, events: AsyncIterator<ExecEvent>) => Promise<unknown>)[] = [
      async (_, events) => await events.return?.(),
      async (exec) => await exec[Symbol.asyncDispose](),
    ];
    for (const leave of ways) {
      const agent = new ScriptedAgent();
      await settle();
      const exec = agent.link.exec({ argv: ['x'] });
      const events = exec.events[Symbol.asyncIterator]();
      await settle();
      agent.connection.answer(agent.call, method, { event: started() });
      await events.next();
      await leave(exec, events);
      await settle();
      assert.ok(agent.call.canceled);
      await agent.dispose();
    }
  });

  it('a command fails when its guest sends more output than requested', async () => {
    const run = await follow((agent) => agent.link.exec({ argv: ['x'], maxOutputBytes: 4n }));
    await run.send(started(), output(0, 'abcd'));
    assert.equal(run.text, 'abcd');
    await run.send(output(4, 'e'));
    await assert.rejects(run.ended, { reason: 'GUEST_MISBEHAVES' });
    assert.ok(run.agent.call.canceled);
    await run.agent.dispose();
  });

  it('a command fails when its guest sends impossible offsets or a second start', async () => {
    for (const events of [
      [started(), output(0, 'abc'), { case: 'gap', value: { offset: 0n, bytes: 1n } }],
      [started(), { case: 'gap', value: { offset: 2n ** 63n, bytes: 2n ** 63n - 1n } }],
      [started(), { case: 'stdinAccepted', value: 2n ** 64n - 1n }],
      [started(2n ** 64n - 1n)],
      [started(), started()],
    ] as const) {
      const run = await follow();
      await run.send(...events);
      await assert.rejects(run.ended, { reason: 'GUEST_MISBEHAVES' });
      await run.agent.dispose();
    }
  });

  it('a command that its guest does not end in time is given up; pauses do not count', async () => {
    let isPaused = false;
    const agent = new ScriptedAgent({ isPaused: async () => isPaused });
    // It answers every ping, and reports nothing about the process.
    agent.onCall = (call, connection) => {
      if (call.method !== method.name) connection.end(call);
    };
    await settle();
    const exec = agent.link.exec({ argv: ['x'], timeoutMs: 60_000, killGraceMs: 5000 });
    const failures: unknown[] = [];
    const ended = exec.events[Symbol.asyncIterator]()
      .next()
      .catch((error: unknown) => failures.push(error));
    await agent.clock.advance(50_000);
    isPaused = true;
    agent.onCall = undefined;
    await agent.clock.advance(3_600_000);
    assert.deepEqual(failures, []);
    isPaused = false;
    agent.onCall = (call, connection) => {
      if (call.method !== method.name) connection.end(call);
    };
    await agent.clock.advance(60_000);
    await ended;
    assert.match(String(failures[0]), /The process reached its timeout/);
    await agent.dispose();
    assert.equal(agent.clock.pendingTimers, 0);
  });

  it('a guest that does not read gets only the last size of a terminal', async () => {
    const run = await follow((agent) => agent.link.exec({ argv: ['x'], terminal: { columns: 80, rows: 24 } }));
    await run.send(started());
    run.agent.connection.stopTaking();
    for (let columns = 1; columns <= 1000; columns++) void run.exec.resize(columns, 24);
    await settle();
    assert.equal(run.agent.connection.waitingWrites, 1);
    await run.agent.dispose();
  });

  it('input that was not sent is kept, whatever the guest reports as accepted', async () => {
    const run = await follow((agent) => agent.link.exec({ argv: ['x'], stdin: true }));
    await run.send(started());
    await run.exec.writeStdin(new TextEncoder().encode('abc'));
    await settle();
    await run.send({ case: 'stdinAccepted', value: 1_000_000n });
    await run.exec.writeStdin(new TextEncoder().encode('def'));
    await settle();
    const sent = run.requests().flatMap((input) => (input.case === 'stdin' ? [input.value] : []));
    assert.deepEqual(
      sent.map(({ offset, data }) => [Number(offset), new TextDecoder().decode(data)]),
      [
        [0, 'abc'],
        [3, 'def'],
      ],
    );
    await run.agent.dispose();
  });
});
