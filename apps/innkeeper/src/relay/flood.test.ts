import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { sessionOf } from '../access/testing/test-users.ts';
import { callJson } from '../api/testing/call-json.ts';
import { httpCall } from '../api/testing/http-call.ts';
import { type ServedApi, serveApi } from '../api/testing/serve-api.ts';
import { controlSocketOf, listenForControl, type ServedRelay, serveRelay } from './testing/serve-relay.ts';

const limits = { maxConnections: 24, maxStrangers: 12 };
const getNode = '/innkeeper.control.v1.NodeService/GetNode';

describe('a flood of connections that say nothing, from many addresses', () => {
  let api: ServedApi;
  let front: ServedRelay;
  let direct: string;
  let authorization: string;
  const flood: Socket[] = [];
  before(async () => {
    api = await serveApi({});
    await api.access.users.createFirst();
    await listenForControl(api);
    front = await serveRelay(api, { limits });
    direct = await api.listenTcp({ limits });
    const session = { ...(await sessionOf(api.access, 'admin')) };
    const { body } = await callJson(
      front.base,
      'AccessService/CreateToken',
      { name: 'test', privileges: ['*'] },
      session,
    );
    authorization = `Bearer ${String(body['secret'])}`;
  });
  after(async () => {
    for (const socket of flood) socket.destroy();
    await front[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  });

  async function floodPort(base: string): Promise<void> {
    const port = Number(new URL(base).port);
    const sockets = Array.from({ length: 200 }, (_, index) => {
      const socket = connect({ port, host: '127.0.0.1', localAddress: `127.0.7.${index + 1}`, allowHalfOpen: true });
      socket.on('error', () => undefined);
      return socket;
    });
    flood.push(...sockets);
    // The kernel takes connections in before the daemon does, so the last one must have been seen to.
    await once(sockets.at(-1) as Socket, 'connect');
  }

  for (const through of ['the daemon', 'a control plane'] as const) {
    it(`locks nobody out of ${through} who is logged in, nor the operator at its socket`, async () => {
      const base = through === 'the daemon' ? direct : front.base;
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      assert.equal(await getStatus(base, agent, authorization), 200);
      const socket = new WebSocket(`${base.replace('http', 'ws')}/v1/live`, { headers: { authorization } });
      await once(socket, 'open');
      await floodPort(base);
      await floodPort(base);
      assert.equal(await getStatus(base, agent, authorization), 200, 'on the connection there was');
      assert.equal((await callJson(base, 'NodeService/GetNode', {}, { authorization })).status, 200, 'on a new one');
      assert.equal(socket.readyState, socket.OPEN);
      const local = await httpCall(api.socketPath, 'POST', getNode, {
        body: '{}',
        headers: { 'content-type': 'application/json' },
      });
      assert.equal(local.status, 200);
      socket.terminate();
      agent.destroy();
    });
  }

  it('on the socket for control planes, whose clients are trusted, has no quota of an address', async () => {
    const sockets = Array.from({ length: 100 }, () => connect(controlSocketOf(api)));
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    assert.equal((await callJson(front.base, 'NodeService/GetNode', {}, { authorization })).status, 200);
    assert.ok(sockets.every(({ readyState }) => readyState === 'open'));
    for (const socket of sockets) socket.destroy();
  });
});

/** One call on the agent's one connection. */
async function getStatus(base: string, agent: Agent, authorization: string): Promise<number | undefined> {
  const call = request(`${base}${getNode}`, {
    method: 'POST',
    agent,
    headers: { authorization, 'content-type': 'application/json' },
  });
  call.end('{}');
  const [answer] = (await once(call, 'response')) as [IncomingMessage];
  await once(answer.resume(), 'end');
  return answer.statusCode;
}
