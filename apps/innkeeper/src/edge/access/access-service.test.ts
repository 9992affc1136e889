import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { VmService } from '@innkeeper/contract/control';
import { WebSocket } from 'ws';
import { sessionIdleMs, sessionMaxMs } from '../../access/sessions.ts';
import { ManualAccessClock } from '../../access/testing/manual-access-clock.ts';
import { makeUser, sessionOf } from '../../access/testing/test-users.ts';
import { callJson, type JsonAnswer } from '../../api/testing/call-json.ts';
import { type ServedApi, serveApi } from '../../api/testing/serve-api.ts';

const hourMs = 3_600_000;
const password = 'correct horse battery';

describe('AccessService', () => {
  let api: ServedApi;
  let base: string;
  let clock: ManualAccessClock;
  const call = (method: string, request: object = {}, headers: Record<string, string> = {}): Promise<JsonAnswer> =>
    callJson(base, method, request, headers);
  const login = (user: string, secret: string): Promise<JsonAnswer> =>
    call('AccessService/Login', { user, password: secret });
  const root = async (): Promise<Record<string, string>> => ({ ...(await sessionOf(api.access, 'admin')) });

  beforeEach(async () => {
    clock = new ManualAccessClock();
    api = await serveApi({ clock });
    base = await api.listenTcp();
    await makeUser(api.access, 'anna', ['vm.view', 'vm.power'], { password });
  });
  afterEach(() => api[Symbol.asyncDispose]());

  it('logs in with a password, and a cookie that scripts and other sites do not get', async () => {
    const answer = await login('anna', password);
    assert.equal(answer.status, 200);
    const cookie = answer.headers.get('set-cookie') ?? '';
    assert.match(cookie, /^innkeeper_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=604800$/);
    const me = await call('AccessService/GetMe', {}, { cookie: cookie.split(';', 1)[0] ?? '' });
    assert.deepEqual(
      [me.body['user'], me.body['via'], me.body['csrfToken']],
      ['anna', 'session', answer.body['csrfToken']],
    );
    assert.deepEqual(me.body['privileges'], ['vm.power', 'vm.view']);
  });

  it('gives the same answer for a wrong password, an unknown user, a disabled one and one without a password', async () => {
    await makeUser(api.access, 'bert', ['vm.view'], { password });
    await api.access.users.change('bert', { disabled: true });
    await makeUser(api.access, 'carl', ['vm.view']);
    const answers = await Promise.all([
      login('anna', 'wrong password'),
      ...['bert', 'carl', 'nobody', '', 'x'.repeat(5000)].map((name) => login(name, password)),
    ]);
    for (const answer of answers) {
      assert.deepEqual([answer.status, answer.reason], [401, 'LOGIN_FAILED']);
      assert.deepEqual(answer.body, answers[0]?.body);
    }
  });

  it('throttles failed logins by user and by address, and nobody else', async () => {
    for (let tries = 0; tries < 10; tries += 1)
      assert.equal((await login('anna', `wrong ${tries}`)).reason, 'LOGIN_FAILED');
    const refused = await login('anna', password);
    assert.deepEqual([refused.status, refused.reason], [429, 'LOGIN_THROTTLED']);
    assert.match(String(refused.body['message']), /in 30 s/);
    await makeUser(api.access, 'bert', ['vm.view'], { password });
    assert.equal((await login('bert', password)).status, 200);
    for (let tries = 0; tries < 9; tries += 1) await login(`guess-${tries}`, 'wrong');
    assert.equal((await login('bert', password)).reason, 'LOGIN_THROTTLED');
    clock.advance(30_000);
    assert.equal((await login('anna', password)).status, 200);
    const lines = await api.store.audit.list({ result: 'LOGIN_THROTTLED', limit: 100 });
    assert.ok(lines.length <= 2, `${lines.length} lines in the audit`);
  });

  it('ends a session that nobody uses for 12 hours, and every one after 7 days', async () => {
    const headers = { ...(await sessionOf(api.access, 'anna')) };
    const me = (): Promise<JsonAnswer> => call('AccessService/GetMe', {}, headers);
    for (let hours = 0; hours + 11 < sessionMaxMs / hourMs; hours += 11) {
      assert.equal((await me()).status, 200, `after ${hours} h`);
      clock.advance(11 * hourMs);
    }
    clock.advance(11 * hourMs);
    assert.deepEqual([(await me()).status, (await me()).reason], [401, 'SESSION_EXPIRED']);
    const idle = { ...(await sessionOf(api.access, 'anna')) };
    clock.advance(sessionIdleMs);
    assert.equal((await call('AccessService/GetMe', {}, idle)).reason, 'SESSION_EXPIRED');
  });

  it('logs in by a link once, within 10 minutes', async () => {
    const { body } = await call('AccessService/CreateLoginLink', { user: 'anna' }, await root());
    const [path, secret] = String(body['path']).split('#', 2);
    assert.equal(path, '/login');
    const both = await Promise.all([1, 2].map(() => call('AccessService/LoginWithLink', { secret })));
    assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 401]);
    const late = await call('AccessService/CreateLoginLink', { user: 'anna' }, await root());
    clock.advance(600_001);
    const lateSecret = String(late.body['path']).split('#', 2)[1];
    assert.equal((await call('AccessService/LoginWithLink', { secret: lateSecret })).reason, 'LOGIN_FAILED');
  });

  it('refuses changes without the CSRF token, calls of other origins, and other host names', async () => {
    const headers = { ...(await sessionOf(api.access, 'anna')) };
    const { cookie } = headers;
    const stop = (more: Record<string, string>): Promise<JsonAnswer> => call('VmService/StopVm', { vm: 'x' }, more);
    assert.equal((await stop({ cookie })).reason, 'CSRF_REFUSED');
    const other = await sessionOf(api.access, 'anna');
    assert.equal((await stop({ cookie, 'x-innkeeper-csrf': other['x-innkeeper-csrf'] })).reason, 'CSRF_REFUSED');
    assert.equal((await stop(headers)).reason, 'VM_NOT_FOUND');
    assert.equal((await stop({ ...headers, origin: base })).reason, 'VM_NOT_FOUND');
    assert.equal((await stop({ ...headers, origin: 'http://evil.example' })).reason, 'ORIGIN_REFUSED');
    assert.equal((await stop({ ...headers, origin: 'null' })).reason, 'ORIGIN_REFUSED');
    assert.equal((await call('VmService/ListVms', {}, { cookie })).status, 200);
    assert.equal(
      (await call('VmService/ListVms', {}, { cookie, 'sec-fetch-site': 'same-site' })).reason,
      'ORIGIN_REFUSED',
    );
    const wrongHost = await callJson(base.replace('127.0.0.1', 'localhost'), 'AccessService/GetMe', {}, headers);
    assert.equal(wrongHost.status, 200);
    assert.equal((await call('AccessService/GetMe', {}, headers)).headers.get('access-control-allow-origin'), null);
  });

  it('logs out here and everywhere, and a changed password ends the other sessions', async () => {
    const [here, there] = [await sessionOf(api.access, 'anna'), await sessionOf(api.access, 'anna')];
    const isIn = async (headers: object): Promise<boolean> =>
      (await call('AccessService/GetMe', {}, { ...headers })).status === 200;
    await call('AccessService/Logout', {}, { ...here });
    assert.deepEqual([await isIn(here), await isIn(there)], [false, true]);
    const third = await sessionOf(api.access, 'anna');
    const wrong = { currentPassword: 'not this one', newPassword: 'a new password' };
    assert.equal((await call('AccessService/ChangePassword', wrong, { ...third })).reason, 'PASSWORD_WRONG');
    const short = { currentPassword: password, newPassword: 'short' };
    assert.equal((await call('AccessService/ChangePassword', short, { ...third })).reason, 'PASSWORD_UNFIT');
    const right = { currentPassword: password, newPassword: 'a new password' };
    assert.equal((await call('AccessService/ChangePassword', right, { ...third })).status, 200);
    assert.deepEqual([await isIn(third), await isIn(there)], [true, false]);
    assert.equal((await login('anna', password)).reason, 'LOGIN_FAILED');
    assert.equal((await login('anna', 'a new password')).status, 200);
    await call('AccessService/Logout', { everywhere: true }, { ...third });
    assert.equal(await isIn(third), false);
  });

  it('ends streams and sockets with the session: by logout, by disabling, by time, by removing a role', async () => {
    await api.createVm('one', { agent: false });
    await makeUser(api.access, 'dora', ['vm.view', 'vm.console']);
    const client = createClient(VmService, createConnectTransport({ baseUrl: base, httpVersion: '1.1' }));
    const ends: readonly [string, (headers: Record<string, string>) => Promise<unknown>][] = [
      ['SESSION_EXPIRED', (headers) => call('AccessService/Logout', {}, headers)],
      [
        'PRIVILEGE_MISSING',
        async () => call('AccessService/UpdateUser', { name: 'dora', setRoles: true }, await root()),
      ],
      ['SESSION_EXPIRED', async () => clock.advance(sessionIdleMs)],
      ['SESSION_EXPIRED', async () => call('AccessService/UpdateUser', { name: 'dora', disabled: true }, await root())],
    ];
    for (const [reason, end] of ends) {
      await api.access.users.change('dora', { bindings: [{ role: 'role-dora', scope: '*' }] });
      const headers = { ...(await sessionOf(api.access, 'dora')) };
      const stream = client.watchVms({}, { headers })[Symbol.asyncIterator]();
      while ((await stream.next()).value?.event.case !== 'synced');
      const socket = new WebSocket(`${base.replace('http', 'ws')}/v1/vms/one/console`, {
        headers: { cookie: headers.cookie, origin: base },
      });
      await once(socket, 'open');
      const closed = once(socket, 'close');
      const broken = assert.rejects(stream.next(), (error: { metadata: Headers }) => {
        assert.equal(error.metadata.get('x-innkeeper-reason'), reason);
        return true;
      });
      await end(headers);
      await broken;
      const [code, why] = (await closed) as [number, Buffer];
      assert.deepEqual([code, String(why)], [1011, reason]);
    }
    assert.equal(api.access.live.size, 0);
  });

  it('refuses to remove the last user who may manage users', async () => {
    const headers = await root();
    for (const [method, request] of [
      ['DeleteUser', { name: 'admin' }],
      ['UpdateUser', { name: 'admin', disabled: true }],
      ['UpdateUser', { name: 'admin', setRoles: true, roles: [{ role: 'administrator', scope: 'tag:a' }] }],
    ] as const) {
      assert.equal((await call(`AccessService/${method}`, request, headers)).reason, 'LAST_ADMINISTRATOR', method);
    }
    await call('AccessService/CreateUser', { name: 'eve', roles: [{ role: 'administrator', scope: '*' }] }, headers);
    assert.equal((await call('AccessService/DeleteUser', { name: 'admin' }, headers)).status, 200);
    assert.equal((await call('AccessService/GetMe', {}, headers)).reason, 'SESSION_EXPIRED');
  });

  it('lets nobody grant, or take over, more privileges than they have', async () => {
    await makeUser(api.access, 'clerk', ['user.manage', 'vm.view']);
    const headers = { ...(await sessionOf(api.access, 'clerk')) };
    const administrator = [{ role: 'administrator', scope: '*' }];
    for (const [method, request] of [
      ['CreateUser', { name: 'puppet', roles: administrator }],
      ['UpdateUser', { name: 'clerk', setRoles: true, roles: administrator }],
      ['UpdateUser', { name: 'admin', password: 'a password of mine' }],
      ['CreateLoginLink', { user: 'admin' }],
      ['SetRole', { name: 'role-clerk', privileges: ['user.manage', 'guest.exec'] }],
    ] as const) {
      const { reason, status } = await call(`AccessService/${method}`, request, headers);
      assert.deepEqual([status, reason], [403, 'PRIVILEGE_MISSING'], method);
    }
    const viewer = { name: 'puppet', roles: [{ role: 'viewer', scope: 'tag:a=b' }] };
    assert.equal((await call('AccessService/CreateUser', viewer, headers)).status, 200);
    const builtIn = { name: 'viewer', privileges: [] };
    assert.equal((await call('AccessService/SetRole', builtIn, await root())).reason, 'ROLE_BUILT_IN');
    assert.equal((await call('AccessService/DeleteRole', { name: 'role-clerk' }, await root())).reason, 'ROLE_IN_USE');
  });

  it('creates tokens with fewer privileges than their user and a lifetime, and revokes them', async () => {
    const headers = await root();
    const wanted = { name: 'ci', privileges: ['vm.view'], scope: 'tag:ci', lifetimeDays: 1 };
    const { body } = await call('AccessService/CreateToken', wanted, headers);
    const bearer = { authorization: `Bearer ${String(body['secret'])}` };
    assert.match(String(body['secret']), /^ink_[\w-]{43}$/);
    const me = await call('AccessService/GetMe', {}, bearer);
    assert.equal(me.body['via'], 'token');
    assert.deepEqual(me.body['scopedPrivileges'], [{ scope: 'tag:ci', privileges: ['vm.view'] }]);
    assert.equal((await call('VmService/ListVms', {}, bearer)).status, 200);
    assert.equal((await call('VmService/StopVm', { vm: 'x' }, bearer)).reason, 'PRIVILEGE_MISSING');
    assert.equal(
      (await call('AccessService/CreateToken', { name: 'more', privileges: ['*'] }, bearer)).reason,
      'PRIVILEGE_MISSING',
    );
    const kept = JSON.stringify(await api.store.tokens.list());
    assert.ok(!kept.includes(String(body['secret'])));
    clock.advance(24 * hourMs);
    assert.deepEqual([(await call('VmService/ListVms', {}, bearer)).reason], ['TOKEN_INVALID']);
    const again = await call('AccessService/CreateToken', { name: 'ci', privileges: ['*'] }, await root());
    const second = { authorization: `Bearer ${String(again.body['secret'])}` };
    assert.equal((await call('VmService/ListVms', {}, second)).status, 200);
    const { id } = again.body['token'] as { id: string };
    assert.equal(
      (await call('AccessService/RevokeToken', { id }, { ...(await sessionOf(api.access, 'anna')) })).reason,
      'TOKEN_NOT_FOUND',
    );
    await call('AccessService/RevokeToken', { id }, await root());
    assert.equal((await call('VmService/ListVms', {}, second)).reason, 'TOKEN_INVALID');
    assert.equal((await call('VmService/ListVms', {}, { authorization: 'Bearer nonsense' })).reason, 'TOKEN_INVALID');
    assert.equal((await call('VmService/ListVms', {}, { authorization: 'Basic YTpi' })).reason, 'TOKEN_INVALID');
  });

  it('lists the sessions of a user, and names the caller of the unix socket as administrator', async () => {
    const headers = { ...(await sessionOf(api.access, 'anna')) };
    await sessionOf(api.access, 'anna');
    const { body } = await call('AccessService/ListSessions', {}, headers);
    const sessions = body['sessions'] as { current?: boolean }[];
    assert.deepEqual(sessions.map(({ current }) => current ?? false).toSorted(), [false, true]);
    assert.equal((await call('AccessService/ListTokens', { all: true }, headers)).reason, 'PRIVILEGE_MISSING');
  });
});
