import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import type { DescService } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { AccessService, AuditService, NodeService, VmService } from '@innkeeper/contract/control';
import { until } from '@innkeeper/kit/testing';
import { WebSocket } from 'ws';
import { ManualAccessClock } from '../access/testing/manual-access-clock.ts';
import { makeUser, sessionOf } from '../access/testing/test-users.ts';
import { allMethods } from '../api/testing/all-methods.ts';
import { callJson } from '../api/testing/call-json.ts';
import { type ServedApi, serveApi } from '../api/testing/serve-api.ts';
import { forwardedServices } from './forwarded-services.ts';
import { listenForControl, type ServedRelay, serveRelay } from './testing/serve-relay.ts';

describe('two control planes before one node', () => {
  const clock = new ManualAccessClock();
  let api: ServedApi;
  let one: ServedRelay;
  let two: ServedRelay;

  before(async () => {
    api = await serveApi({ clock });
    await api.createVm('web', { agent: false, tags: { team: 'shop' } });
    await listenForControl(api);
    one = await serveRelay(api, { clock });
    two = await serveRelay(api, { clock });
    await makeUser(api.access, 'seller', ['vm.view', 'vm.power', 'guest.exec'], {
      scope: 'tag:team=shop',
      password: 'correct horse battery',
    });
    await makeUser(api.access, 'auditor', ['audit.view', 'vm.view']);
  });
  after(async () => {
    await one[Symbol.asyncDispose]();
    await two[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
  });

  it('answers or forwards every service', () => {
    const own: readonly DescService[] = [AccessService, AuditService, NodeService];
    for (const { parent } of allMethods) {
      assert.ok([...own, ...forwardedServices].includes(parent), `nobody answers ${parent.name}`);
    }
  });

  it('lets a session that was opened at one work at the other', async () => {
    const login = await callJson(one.base, 'AccessService/Login', {
      user: 'seller',
      password: 'correct horse battery',
    });
    const cookie = String(login.headers.get('set-cookie')).split(';', 1)[0] ?? '';
    const listed = await callJson(
      two.base,
      'VmService/ListVms',
      {},
      { cookie, 'x-innkeeper-csrf': String(login.body['csrfToken']) },
    );
    assert.deepEqual(
      (listed.body['vms'] as { name: string }[]).map(({ name }) => name),
      ['web'],
    );
    const changed = await callJson(two.base, 'VmService/StartVm', { vm: 'web' }, { cookie });
    assert.equal(changed.reason, 'CSRF_REFUSED');
  });

  it('shows the node with the address of the control plane that was called', async () => {
    one.front.webUrl = one.base;
    const { body } = await callJson(
      one.base,
      'NodeService/GetNode',
      {},
      { ...(await sessionOf(api.access, 'seller')) },
    );
    assert.deepEqual([body['webUrl'], body['version']], [one.base, '1.0.0']);
    const seller = { ...(await sessionOf(api.access, 'seller')) };
    const listed = await callJson(one.base, 'NodeService/ListNodes', {}, seller);
    // The host is used by others meanwhile.
    const [node] = listed.body['nodes'] as Record<string, unknown>[];
    assert.deepEqual({ ...node, usage: undefined }, { ...body, usage: undefined });
  });

  it('has the node audit who did what from where, once', async () => {
    const seller = { ...(await sessionOf(api.access, 'seller')) };
    assert.equal((await callJson(one.base, 'VmService/DeleteVm', { vm: 'web' }, seller)).reason, 'PRIVILEGE_MISSING');
    const auditor = { ...(await sessionOf(api.access, 'auditor')) };
    const { body } = await callJson(two.base, 'AuditService/ListAudit', { action: 'VmService/DeleteVm' }, auditor);
    const [entry, ...more] = body['entries'] as Record<string, string>[];
    assert.deepEqual([entry?.['user'], entry?.['via'], entry?.['address']], ['seller', 'session', '127.0.0.1']);
    assert.deepEqual([entry?.['result'], more.length], ['PRIVILEGE_MISSING', 0]);
    const verified = await callJson(one.base, 'AuditService/VerifyAudit', {}, auditor);
    assert.equal(verified.body['brokenAtId'], undefined);
    const refused = await callJson(one.base, 'AuditService/ListAudit', {}, seller);
    assert.equal(refused.reason, 'PRIVILEGE_MISSING');
  });

  it('keeps code, reason, next step and text of an error of the node', async () => {
    const client = createClient(VmService, createConnectTransport({ baseUrl: one.base, httpVersion: '1.1' }));
    const headers = { ...(await sessionOf(api.access, 'auditor')) };
    const error = await client.getVm({ vm: 'Gänse' }, { headers }).then(
      () => assert.fail('there is no such VM'),
      (reason: unknown) => ConnectError.from(reason),
    );
    assert.deepEqual([error.code, error.rawMessage], [Code.NotFound, 'There is no VM named "Gänse".']);
    assert.equal(error.metadata.get('x-innkeeper-reason'), 'VM_NOT_FOUND');
    assert.match(decodeURIComponent(error.metadata.get('x-innkeeper-next-step') ?? ''), /List the VMs/);
  });

  it('ends a stream at both when the user logs out everywhere, at the other one within the recheck', async () => {
    const session = { ...(await sessionOf(api.access, 'seller')) };
    const watch = (base: string): Promise<string | undefined> => {
      const client = createClient(VmService, createConnectTransport({ baseUrl: base, httpVersion: '1.1' }));
      return watchUntilEnd(client, session);
    };
    const ended = [watch(one.base), watch(two.base)];
    const sockets = await Promise.all([one.base, two.base].map((base) => openLive(base, session.cookie)));
    const closed = sockets.map((socket) => once(socket, 'close').then(([code]) => code as number));
    await callJson(one.base, 'AccessService/Logout', { everywhere: true }, session);
    assert.equal((await callJson(two.base, 'VmService/ListVms', {}, session)).reason, 'SESSION_EXPIRED');
    clock.advance(0);
    assert.deepEqual(await Promise.all(ended), ['SESSION_EXPIRED', 'SESSION_EXPIRED']);
    assert.deepEqual(await Promise.all(closed), [1011, 1011]);
  });

  it('ends open streams when privileges change, so that clients reconnect with the new ones', async () => {
    await makeUser(api.access, 'mover', ['vm.view']);
    const session = { ...(await sessionOf(api.access, 'mover')) };
    const client = createClient(VmService, createConnectTransport({ baseUrl: two.base, httpVersion: '1.1' }));
    const ended = watchUntilEnd(client, session);
    const socket = await openLive(two.base, session.cookie);
    const closed = once(socket, 'close');
    await one.access.users.change('mover', { bindings: [{ role: 'role-seller', scope: '*' }] });
    clock.advance(0);
    assert.equal(await ended, 'ACCESS_CHANGED');
    assert.equal((await closed)[0], 1012);
  });

  it('cancels a call at the node when its caller disconnects', async () => {
    const open = api.access.live.size;
    const session = { ...(await sessionOf(api.access, 'seller')) };
    const client = createClient(VmService, createConnectTransport({ baseUrl: one.base, httpVersion: '1.1' }));
    const leave = new AbortController();
    for await (const { event } of client.watchVms({}, { headers: session, signal: leave.signal })) {
      if (event.case === 'synced') break;
    }
    leave.abort();
    await until(() => api.access.live.size === open && one.access.live.size === 0);
  });

  it('reports NODE_UNREACHABLE, audits the refused calls, and continues when the node is back', async () => {
    const seller = { ...(await sessionOf(api.access, 'seller')) };
    const client = createClient(VmService, createConnectTransport({ baseUrl: one.base, httpVersion: '1.1' }));
    const watched = watchUntilEnd(client, seller);
    const socket = await openLive(one.base, seller.cookie);
    const closed = once(socket, 'close');
    await api.restartServer();
    assert.equal(await watched, 'NODE_UNREACHABLE');
    assert.ok([1001, 1012].includes((await closed)[0] as number));
    const listed = await callJson(one.base, 'VmService/ListVms', {}, seller);
    assert.deepEqual([listed.status, listed.reason], [503, 'NODE_UNREACHABLE']);
    assert.equal((await callJson(one.base, 'VmService/StopVm', { vm: 'web' }, seller)).reason, 'NODE_UNREACHABLE');
    const metrics = await fetch(`${one.base}/metrics`, { headers: seller });
    assert.deepEqual([metrics.status, metrics.headers.get('x-innkeeper-reason')], [503, 'NODE_UNREACHABLE']);
    const health = await fetch(`${one.base}/healthz`);
    assert.deepEqual(
      [health.status, await health.json()],
      [200, { status: 'degraded', database: 'ok', node: 'unreachable' }],
    );
    const [entry] = await api.store.audit.list({ action: 'VmService/StopVm', limit: 1 });
    assert.deepEqual([entry?.user_name, entry?.result], ['seller', 'NODE_UNREACHABLE']);
    // Who logs in meanwhile gets in.
    assert.equal((await callJson(one.base, 'AccessService/GetMe', {}, seller)).body['user'], 'seller');
    await listenForControl(api);
    assert.equal((await callJson(one.base, 'VmService/ListVms', {}, seller)).status, 200);
    (await openLive(one.base, seller.cookie)).terminate();
  });
});

/** Watches all VMs; gives the reason with which that ended. */
async function watchUntilEnd(
  client: ReturnType<typeof createClient<typeof VmService>>,
  headers: Record<string, string>,
): Promise<string | undefined> {
  try {
    for await (const _ of client.watchVms({}, { headers }));
    return undefined;
  } catch (error) {
    return ConnectError.from(error).metadata.get('x-innkeeper-reason') ?? String(error);
  }
}

async function openLive(base: string, cookie: string): Promise<WebSocket> {
  const socket = new WebSocket(`${base.replace('http', 'ws')}/v1/live`, { headers: { cookie, origin: base } });
  await once(socket, 'open');
  return socket;
}
