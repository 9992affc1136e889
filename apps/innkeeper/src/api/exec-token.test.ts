import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { ExecEventSchema, ExecRequestSchema } from '@innkeeper/contract/agent';
import { silentLog } from '@innkeeper/kit';
import { WebSocket } from 'ws';
import { sessionOf } from '../access/testing/test-users.ts';
import { callJson } from './testing/call-json.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

type Request = NonNullable<Extract<MessageInitShape<typeof ExecRequestSchema>, { $typeName?: never }>['input']>;

const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

describe('a token with allowed commands', () => {
  let api: ServedApi;
  let base: string;
  let session: Record<string, string>;
  let bearer: Record<string, string>;

  before(async () => {
    const agent = createAgent(new FakeHost({ clock: unrefClock }), silentLog);
    api = await serveApi({
      startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
    });
    base = await api.listenTcp();
    await api.createVm('one');
    await api.access.users.createFirst();
    session = { ...(await sessionOf(api.access, 'admin')) };
    const wanted = { name: 'df', privileges: ['vm.view', 'guest.exec'], allowedCommands: ['/bin/sh -c echo'] };
    const { body } = await callJson(base, 'AccessService/CreateToken', wanted, session);
    bearer = { authorization: `Bearer ${String(body['secret'])}` };
  });
  after(() => api[Symbol.asyncDispose]());

  /** Sends the first request and resolves to the response: output text, process id, reason of an error. */
  async function exec(input: Request, headers: Record<string, string>): Promise<Record<string, string>> {
    const socket = new WebSocket(`${base.replace('http', 'ws')}/v1/vms/one/exec`, {
      headers: { ...headers, origin: base },
    });
    const seen: Record<string, string> = { output: '' };
    socket.on('message', (data: Buffer, isBinary) => {
      if (!isBinary) Object.assign(seen, JSON.parse(data.toString()));
      else {
        const { event } = fromBinary(ExecEventSchema, data);
        if (event.case === 'started') seen['id'] = event.value.id;
        if (event.case === 'output') seen['output'] += Buffer.from(event.value.data).toString();
      }
    });
    await once(socket, 'open');
    socket.send(toBinary(ExecRequestSchema, create(ExecRequestSchema, { input })));
    await once(socket, 'close');
    return seen;
  }

  it('a token with allowed commands runs those, under its own ids', async () => {
    const seen = await exec({ case: 'start', value: { id: 'a', argv: ['/bin/sh', '-c', 'echo', 'hi'] } }, bearer);
    assert.match(seen['id'] ?? '', /^[0-9a-f]{16}-a$/);
    const again = await exec({ case: 'attach', value: { id: 'a' } }, bearer);
    assert.equal(again['id'], seen['id']);
    const byFullId = await exec({ case: 'attach', value: { id: seen['id'] ?? '' } }, bearer);
    assert.equal(byFullId['output'], again['output']);
  });

  it('a token with allowed commands runs nothing else, and cannot attach to others’ processes', async () => {
    for (const value of [
      { id: 'b', argv: ['/bin/sh', '-c', 'id'] },
      { id: 'b', shellCommand: '/bin/sh -c echo' },
      { id: 'b', argv: ['/bin/sh', '-c', 'echo'], environment: { LD_PRELOAD: '/tmp/x.so' } },
    ]) {
      assert.equal((await exec({ case: 'start', value }, bearer))['reason'], 'COMMAND_NOT_ALLOWED');
    }
    await exec(
      { case: 'start', value: { id: 'root', argv: ['sh', '-c', 'echo secret'] } },
      { cookie: session['cookie'] ?? '' },
    );
    const others: readonly Request[] = [
      { case: 'attach', value: { id: 'root' } },
      { case: 'start', value: { id: 'root', argv: ['/bin/sh', '-c', 'echo', 'mine'] } },
    ];
    for (const input of others) {
      const seen = await exec(input, bearer);
      assert.ok(!seen['output']?.includes('secret'), JSON.stringify(seen));
    }
    const refused = await api.store.audit.list({ action: 'guest.exec', result: 'COMMAND_NOT_ALLOWED', limit: 10 });
    assert.equal(refused.length, 3);
    assert.match(refused[0]?.via ?? '', /^token df$/);
  });
});
