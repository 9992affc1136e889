import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { after, before, describe, it } from 'node:test';
import type { DescMethod } from '@bufbuild/protobuf';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { VmService } from '@innkeeper/contract/control';
import { rulesOf } from '@innkeeper/contract/rules';
import { WebSocket } from 'ws';
import { privilegeNames } from '../access/privileges.ts';
import { makeUser, sessionOf } from '../access/testing/test-users.ts';
import { allMethods } from '../api/testing/all-methods.ts';
import { callJson } from '../api/testing/call-json.ts';
import { type ServedApi, serveApi } from '../api/testing/serve-api.ts';
import { listenForControl, serveRelay } from '../relay/testing/serve-relay.ts';
import { httpRoutes, socketRoutes } from './route-table.ts';

async function* streamOf<T>(request: T): AsyncGenerator<T> {
  yield request;
}

type AnyCall = (request: object, options: object) => unknown;

const refusals: readonly (string | undefined)[] = [
  'NOT_LOGGED_IN',
  'PRIVILEGE_MISSING',
  'CSRF_REFUSED',
  'ORIGIN_REFUSED',
];

/** The daemon itself, and a control plane before it, which must be held to the same. */
const servers = {
  'the gate': (api: ServedApi) => api.listenTcp(),
  'the gates of a control plane and its node': async (api: ServedApi, stack: AsyncDisposableStack) => {
    await listenForControl(api);
    return stack.use(await serveRelay(api)).base;
  },
};

for (const [name, open] of Object.entries(servers))
  describe(name, () => {
    const stack = new AsyncDisposableStack();
    let api: ServedApi;
    let base: string;

    before(async () => {
      api = await serveApi({});
      await api.createVm('one', { agent: false });
      base = await open(api, stack);
      for (const privilege of privilegeNames) {
        const others = privilegeNames.filter((name) => name !== privilege);
        await makeUser(api.access, `only-${privilege}`, [privilege]);
        await makeUser(api.access, `but-${privilege}`, others);
      }
    });
    after(async () => {
      await stack.disposeAsync();
      await api[Symbol.asyncDispose]();
    });

    /** The reason with which a call failed; undefined when it did not. */
    async function reasonOf(method: DescMethod, vm: string, user: string | undefined): Promise<string | undefined> {
      const headers = { 'innkeeper-vm': vm, ...(user === undefined ? {} : await sessionOf(api.access, user)) };
      const streamsBoth = method.methodKind === 'bidi_streaming';
      const transport = createConnectTransport({ baseUrl: base, httpVersion: streamsBoth ? '2' : '1.1' });
      const client = createClient(method.parent, transport) as unknown as Record<string, AnyCall | undefined>;
      const fields = method.input.fields.map(({ name }) => name);
      const request = {
        ...(fields.includes('vm') ? { vm } : {}),
        ...(fields.includes('vm_id') ? { vmId: vm } : {}),
        ...(fields.includes('vm_id') ? { vmId: vm } : {}),
        ...(fields.includes('user') ? { user: 'nobody' } : {}),
      };
      const leave = new AbortController();
      try {
        const answer = client[method.localName]?.(streamsBoth ? streamOf(request) : request, {
          headers,
          signal: leave.signal,
        });
        if (method.methodKind !== 'unary') {
          for await (const _ of answer as AsyncIterable<unknown>) break;
        } else await answer;
        return undefined;
      } catch (error) {
        assert.ok(error instanceof ConnectError, String(error));
        if (error.code === Code.Unimplemented) return 'UNKNOWN_METHOD';
        return error.metadata.get('x-innkeeper-reason') ?? error.message;
      } finally {
        leave.abort();
      }
    }

    it('finds a privilege on every method of every service', () => {
      assert.ok(allMethods.length > 40);
      for (const method of allMethods) {
        const name = rulesOf(method).privilege;
        const isKnown = ['public', 'self', ...privilegeNames].includes(name);
        assert.ok(isKnown, `${method.parent.name}/${method.name} has the privilege "${name}"`);
      }
    });

    it('lets nobody call a method without its privilege, and whoever has just that', async () => {
      const notServed = new Set<string>();
      for (const method of allMethods) {
        const name = `${method.parent.name}/${method.name}`;
        const privilege = rulesOf(method).privilege;
        const stranger = await reasonOf(method, 'one', undefined);
        if (stranger === 'UNKNOWN_METHOD') {
          notServed.add(method.parent.name);
          continue;
        }
        if (privilege === 'public') continue;
        assert.equal(stranger, 'NOT_LOGGED_IN', `${name} by a stranger`);
        if (privilege === 'self') {
          assert.ok(!refusals.includes(await reasonOf(method, 'one', 'only-vm.view')), `${name} by anybody`);
          continue;
        }
        assert.equal(
          await reasonOf(method, 'one', `but-${privilege}`),
          'PRIVILEGE_MISSING',
          `${name} without ${privilege}`,
        );
        const allowed = await reasonOf(method, 'nobody', `only-${privilege}`);
        assert.ok(!refusals.includes(allowed), `${name} with ${privilege}: ${allowed}`);
      }
      assert.deepEqual([...notServed], []);
    });

    it('holds HTTP routes to theirs', async () => {
      const ask = async (route: (typeof httpRoutes)[number], vm: string, user: string | undefined): Promise<string> => {
        const path = route.path.replace('{vm}', vm).replaceAll(/\{\w+\}/g, 'x');
        const headers = user === undefined ? {} : { ...(await sessionOf(api.access, user)) };
        const body = route.method === 'PUT' || route.method === 'POST' ? { body: 'x' } : {};
        const answer = await fetch(`${base}${path}?path=/a&vm=one&${route.parameter ?? ''}=x`, {
          method: route.method,
          headers,
          ...body,
        });
        await answer.arrayBuffer();
        return answer.headers.get('x-innkeeper-reason') ?? '';
      };
      for (const route of httpRoutes) {
        const name = `${route.method} ${route.path} ${route.parameter ?? ''}`;
        if (route.privilege === 'public') continue;
        assert.equal(await ask(route, 'one', undefined), 'NOT_LOGGED_IN', name);
        if (route.privilege === 'self') continue;
        assert.ok((privilegeNames as readonly string[]).includes(route.privilege), `${name} has no known privilege`);
        assert.equal(await ask(route, 'one', `but-${route.privilege}`), 'PRIVILEGE_MISSING', name);
        const allowed = await ask(route, 'nobody', `only-${route.privilege}`);
        assert.ok(!refusals.includes(allowed), `${name}: ${allowed}`);
      }
    });

    it('asks for guest.file.write, not for guest.file.read, where HEAD looks how far an upload came', async () => {
      const ask = async (user: string): Promise<string> => {
        const headers = { ...(await sessionOf(api.access, user)) };
        const url = `${base}/v1/vms/one/files?path=/a/b&upload=x`;
        return (await fetch(url, { method: 'HEAD', headers })).headers.get('x-innkeeper-reason') ?? '';
      };
      assert.equal(await ask('only-guest.file.read'), 'PRIVILEGE_MISSING');
      assert.ok(!refusals.includes(await ask('only-guest.file.write')));
    });

    it('holds WebSockets to theirs, and pages of other origins away from them', async () => {
      const ask = async (path: string, user: string | undefined, origin: string | undefined): Promise<string> => {
        const headers = user === undefined ? {} : { cookie: (await sessionOf(api.access, user)).cookie };
        const socket = new WebSocket(`${base.replace('http', 'ws')}${path}`, {
          headers: { ...headers, ...(origin === undefined ? {} : { origin }) },
        });
        socket.on('error', () => undefined);
        const refused = once(socket, 'unexpected-response') as Promise<[unknown, IncomingMessage]>;
        const opened = once(socket, 'open').then(() => undefined);
        const answer = await Promise.race([refused, opened]);
        if (answer === undefined) {
          socket.terminate();
          return '';
        }
        let body = '';
        for await (const chunk of answer[1]) body += String(chunk);
        return String((JSON.parse(body) as { reason: string }).reason);
      };
      for (const route of socketRoutes) {
        const path = route.path.replace('{vm}', 'one').replaceAll(/\{\w+\}/g, 'x');
        assert.equal(await ask(path, undefined, base), 'NOT_LOGGED_IN', path);
        assert.equal(await ask(path, `but-${route.privilege}`, base), 'PRIVILEGE_MISSING', path);
        assert.ok(!refusals.includes(await ask(path, `only-${route.privilege}`, base)), path);
        assert.equal(await ask(path, `only-${route.privilege}`, 'http://evil.example'), 'ORIGIN_REFUSED', path);
        assert.equal(await ask(path, `only-${route.privilege}`, undefined), 'ORIGIN_REFUSED', path);
      }
    });

    it('shows of VMs, events and operations what lies in the scope, and hides that there is more', async () => {
      await api.createVm('shop', { agent: false, tags: { env: 'prod', team: 'shop' } });
      await api.createVm('other', { agent: false, tags: { env: 'dev' } });
      const shopId = api.node.get('shop').row.id;
      await makeUser(api.access, 'seller', ['vm.view', 'vm.power', 'vm.manage'], { scope: 'tag:team=shop' });
      const headers = { ...(await sessionOf(api.access, 'seller')) };
      const names = (list: unknown, field: string): unknown[] =>
        (list as Record<string, unknown>[]).map((each) => each[field]);
      const { body } = await callJson(base, 'VmService/ListVms', {}, headers);
      assert.deepEqual(names(body['vms'], 'name'), ['shop']);
      const events = await callJson(base, 'VmService/ListEvents', {}, headers);
      assert.ok(names(events.body['events'], 'vmId').length > 0);
      assert.deepEqual([...new Set(names(events.body['events'], 'vmId'))], [shopId]);
      const operations = await callJson(base, 'OperationService/ListOperations', {}, headers);
      assert.deepEqual([...new Set(names(operations.body['operations'], 'vmId'))], [shopId]);
      const hidden = await callJson(base, 'VmService/GetVm', { vm: 'other' }, headers);
      const missing = await callJson(base, 'VmService/GetVm', { vm: 'nobody' }, headers);
      assert.deepEqual([hidden.status, hidden.reason], [missing.status, missing.reason]);
      assert.equal(String(hidden.body['message']).replace('other', 'nobody'), missing.body['message']);
      const made = { name: 'mine', image: 'tiny', tags: { team: 'shop' } };
      assert.equal((await callJson(base, 'VmService/CreateVm', made, headers)).status, 200);
      const outside = await callJson(base, 'VmService/CreateVm', { ...made, name: 'yours', tags: {} }, headers);
      assert.equal(outside.reason, 'PRIVILEGE_MISSING');
      assert.equal(
        (await callJson(base, 'OperationService/CancelOperation', { id: 'none' }, headers)).reason,
        'OPERATION_NOT_FOUND',
      );
    });

    it('streams only what lies in the scope', async () => {
      const headers = { ...(await sessionOf(api.access, 'seller')) };
      const client = createClient(VmService, createConnectTransport({ baseUrl: base, httpVersion: '1.1' }));
      const leave = new AbortController();
      const seen: string[] = [];
      for await (const { event } of client.watchVms({}, { headers, signal: leave.signal })) {
        if (event.case === 'vm') seen.push(event.value.name);
        if (event.case === 'synced') break;
      }
      leave.abort();
      assert.deepEqual(seen.toSorted(), ['mine', 'shop']);
    });
  });
