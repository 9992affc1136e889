import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { after, before, describe, it } from 'node:test';
import { WebSocket } from 'ws';
import { callerHeader, decodeCaller, encodeCaller } from '../access/forwarded-caller.ts';
import { privilegeNames } from '../access/privileges.ts';
import { makeUser, sessionOf } from '../access/testing/test-users.ts';
import { callJson } from '../api/testing/call-json.ts';
import { httpCall } from '../api/testing/http-call.ts';
import { type ServedApi, serveApi } from '../api/testing/serve-api.ts';
import type { Caller } from '../ports/caller.ts';
import { controlSocketOf, listenForControl, type ServedRelay, serveRelay } from './testing/serve-relay.ts';

/** Who may do everything, if somebody believes it. */
const chief: Caller = {
  name: 'chief',
  via: 'session',
  address: '192.0.2.1',
  allowedCommands: [],
  grants: [{ scopes: [], privileges: new Set(privilegeNames) }],
};

describe('the header that names the caller, x-innkeeper-caller', () => {
  let api: ServedApi;
  let front: ServedRelay;
  let serveBase: string;
  const header = { [callerHeader]: encodeCaller(chief) };

  before(async () => {
    api = await serveApi({});
    await api.createVm('one', { agent: false });
    await listenForControl(api);
    front = await serveRelay(api);
    serveBase = await api.listenTcp();
    await makeUser(api.access, 'nobody-much', ['vm.view'], { scope: 'tag:team=none' });
  });
  after(async () => {
    await front[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  });

  async function upgradeStatus(base: string, headers: Record<string, string>): Promise<number> {
    const socket = new WebSocket(`${base.replace('http', 'ws')}/v1/vms/one/console`, { headers });
    socket.on('error', () => undefined);
    const refused = once(socket, 'unexpected-response').then(([, response]) => response.statusCode as number);
    const status = await Promise.race([refused, once(socket, 'open').then(() => 101)]);
    socket.terminate();
    return status;
  }

  it('is ignored from anonymous clients, by a control plane and by "serve"', async () => {
    for (const base of [front.base, serveBase]) {
      assert.equal((await callJson(base, 'VmService/ListVms', {}, header)).reason, 'NOT_LOGGED_IN');
      const metrics = await fetch(`${base}/metrics`, { headers: header });
      assert.equal(metrics.headers.get('x-innkeeper-reason'), 'NOT_LOGGED_IN');
      assert.equal(await upgradeStatus(base, { ...header, origin: base }), 401);
    }
  });

  it('gives a logged-in user no further privileges, however it is spelled', async () => {
    const session = { ...(await sessionOf(api.access, 'nobody-much')) };
    const forms: Record<string, string>[] = [
      header,
      { 'X-INNKEEPER-CALLER': encodeCaller(chief) },
      { x_innkeeper_caller: encodeCaller(chief) },
      { ...header, connection: `keep-alive, ${callerHeader}` },
      { ...header, 'x-forwarded-for': '192.0.2.1', 'x-innkeeper-address': '192.0.2.1' },
    ];
    for (const base of [front.base, serveBase]) {
      for (const form of forms) {
        const headers = { ...session, ...form };
        const listed = await callJson(base, 'VmService/ListVms', {}, headers);
        assert.deepEqual([listed.status, listed.body['vms'] ?? []], [200, []]);
        assert.equal((await callJson(base, 'VmService/KillVm', { vm: 'one' }, headers)).reason, 'PRIVILEGE_MISSING');
        const me = await callJson(base, 'AccessService/GetMe', {}, headers);
        assert.equal(me.body['user'], 'nobody-much');
        assert.equal(await upgradeStatus(base, { ...headers, origin: base }), 403);
      }
      const metrics = await (await fetch(`${base}/metrics`, { headers: { ...session, ...header } })).text();
      assert.doesNotMatch(metrics, /vm="one"/);
    }
  });

  it('is ignored over HTTP/2, where a header can occur twice', async () => {
    const session = { ...(await sessionOf(api.access, 'nobody-much')) };
    for (const base of [front.base, serveBase]) {
      const client: ClientHttp2Session = connectHttp2(base);
      const stream = client.request({
        ...session,
        [callerHeader]: [encodeCaller(chief), encodeCaller(chief)],
        ':method': 'POST',
        ':path': '/innkeeper.control.v1.VmService/ListVms',
        'content-type': 'application/json',
      });
      stream.end('{}');
      let body = '';
      for await (const chunk of stream) body += String(chunk);
      assert.deepEqual(JSON.parse(body), {});
      client.close();
    }
  });

  it('is ignored on the unix socket, whose caller is the administrator', async () => {
    const answer = await httpCall(api.socketPath, 'POST', '/innkeeper.control.v1.AccessService/GetMe', {
      body: '{}',
      headers: { 'content-type': 'application/json', ...header },
    });
    assert.equal(JSON.parse(answer.body.toString()).user, 'local');
  });

  it('alone names the caller on the listener for control planes', async () => {
    const ask = async (headers: Record<string, string>): Promise<{ user?: string; reason: string | undefined }> => {
      const path = '/innkeeper.control.v1.AccessService/GetMe';
      const answer = await httpCall(controlSocketOf(api), 'POST', path, {
        body: '{}',
        headers: { 'content-type': 'application/json', ...headers },
      });
      const { user } = JSON.parse(answer.body.toString()) as { user?: string };
      return { ...(user === undefined ? {} : { user }), reason: answer.headers['x-innkeeper-reason'] as string };
    };
    assert.equal((await ask(header)).user, 'chief');
    assert.equal((await ask({})).reason, 'NOT_LOGGED_IN');
    assert.equal((await ask({ ...(await sessionOf(api.access, 'nobody-much')) })).reason, 'NOT_LOGGED_IN');
    assert.equal((await ask({ [callerHeader]: 'e30' })).reason, 'TOKEN_INVALID');
    assert.equal((await ask({ [callerHeader]: '%%%' })).reason, 'TOKEN_INVALID');
  });

  it('is refused if it is not exactly a caller', () => {
    const good = JSON.parse(Buffer.from(encodeCaller(chief), 'base64url').toString()) as Record<string, unknown>;
    const bad: Record<string, unknown>[] = [
      { via: 'socket' },
      { via: 'token' },
      { name: 7 },
      { grants: [{ privileges: ['vm.view'] }] },
      { grants: [{ scopes: '*', privileges: ['vm.view'] }] },
      { allowedCommands: undefined },
    ];
    for (const change of bad) {
      const text = Buffer.from(JSON.stringify({ ...good, ...change })).toString('base64url');
      assert.throws(() => decodeCaller(text), { reason: 'TOKEN_INVALID' }, JSON.stringify(change));
    }
    assert.deepEqual(decodeCaller(encodeCaller(chief)), chief);
    for (const via of ['socket', 'anonymous'] as const) {
      assert.throws(() => encodeCaller({ ...chief, via }), { reason: 'NOT_LOGGED_IN' });
    }
  });
});
