import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { LiveEventSchema, LiveRequestSchema, type Run, RunSpecSchema, RunState } from '@innkeeper/contract/control';
import { silentLog } from '@innkeeper/kit';
import { WebSocket } from 'ws';
import { makeUser, sessionOf } from '../../access/testing/test-users.ts';
import { type ServedApi, serveApi } from '../testing/serve-api.ts';

const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

interface Seen {
  readonly run: Run | undefined;
  readonly text: string;
  readonly reason: string | undefined;
}

describe('the live topic of a run', { timeout: 60_000 }, () => {
  /** Lets `two-lines` print its second line. */
  let goOn = Promise.withResolvers<void>();
  let api: ServedApi;
  before(async () => {
    const programs = {
      '/usr/bin/two-lines': async ({ write }: { write(text: string): Promise<void> }) => {
        await write('first\n');
        await goOn.promise;
        await write('second\n');
        return 0;
      },
    };
    const agent = createAgent(new FakeHost({ clock: unrefClock, programs }), silentLog);
    api = await serveApi({
      startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
    });
    await api.createVm('one', { tags: { team: 'shop' } });
  });
  after(() => api[Symbol.asyncDispose]());

  async function start(argv: readonly string[]): Promise<string> {
    const { id } = api.node.get('one').row;
    const spec = create(RunSpecSchema, { argv: [...argv] });
    return (await api.runs.run({ id: '', user: 'me', spec, vms: [{ id, name: 'one' }] })).id;
  }

  /** Follows a run until `isEnough`, then cuts the connection. */
  async function follow(socket: WebSocket, id: string, isEnough: (seen: Seen) => boolean): Promise<Seen> {
    let seen: Seen = { run: undefined, text: '', reason: undefined };
    const done = new Promise<void>((resolve) =>
      socket.on('message', (data: Buffer) => {
        const { event } = fromBinary(LiveEventSchema, data);
        if (event.case === 'error') seen = { ...seen, reason: event.value.reason };
        if (event.case === 'run') {
          const inner = event.value.event;
          if (inner.case === 'run') seen = { ...seen, run: inner.value };
          if (inner.case === 'output') seen = { ...seen, text: seen.text + Buffer.from(inner.value.data).toString() };
        }
        if (seen.reason !== undefined || isEnough(seen)) resolve();
      }),
    );
    await once(socket, 'open');
    const request = create(LiveRequestSchema, { id: 7, request: { case: 'run', value: { id } } });
    socket.send(toBinary(LiveRequestSchema, request));
    await done;
    socket.terminate();
    return seen;
  }

  const local = (): WebSocket => new WebSocket(`ws+unix:${api.socketPath}:/v1/live`);
  const isOver = ({ run }: Seen): boolean => run?.endedUnixNs !== undefined;

  it('the live topic of a run sends the run, its output and its end', async () => {
    const seen = await follow(local(), await start(['sh', '-c', 'echo out; echo err >&2']), isOver);
    assert.equal(seen.run?.state, RunState.SUCCEEDED);
    assert.equal(seen.text, 'out\nerr\n');
  });

  it('the live topic of a run starts again after a reconnect, with all previous output before new output', async () => {
    goOn = Promise.withResolvers<void>();
    const id = await start(['two-lines']);
    const before = await follow(local(), id, ({ text }) => text !== '');
    assert.deepEqual([before.text, before.run?.state], ['first\n', RunState.RUNNING]);
    const after = follow(local(), id, isOver);
    goOn.resolve();
    assert.equal((await after).text, 'first\nsecond\n');
  });

  it('the live topic of a run continues after a restart of the daemon', async () => {
    goOn = Promise.withResolvers<void>();
    const id = await start(['two-lines']);
    await follow(local(), id, ({ text }) => text !== '');
    await api.restartServer();
    goOn.resolve();
    assert.equal((await follow(local(), id, isOver)).text, 'first\nsecond\n');
  });

  it('the live topic of a run is refused to users without guest.exec there, and audited', async () => {
    const base = await api.listenTcp();
    const id = await start(['echo', 'x']);
    await makeUser(api.access, 'seer', ['vm.view']);
    await makeUser(api.access, 'away', ['vm.view', 'guest.exec'], { scope: 'tag:team=none' });
    const as = async (user: string): Promise<Seen> => {
      const { cookie } = await sessionOf(api.access, user);
      const socket = new WebSocket(`${base.replace('http', 'ws')}/v1/live`, { headers: { cookie, origin: base } });
      return await follow(socket, id, isOver);
    };
    assert.equal((await as('seer')).reason, 'PRIVILEGE_MISSING');
    assert.equal((await as('away')).reason, 'RUN_NOT_FOUND');
    assert.equal((await follow(local(), 'none', isOver)).reason, 'RUN_NOT_FOUND');
    const entries = await api.store.audit.list({ action: 'RunService/WatchRun', limit: 10 });
    assert.ok(entries.some(({ user_name, result }) => user_name === 'seer' && result === 'PRIVILEGE_MISSING'));
  });
});
