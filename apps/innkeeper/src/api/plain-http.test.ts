import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { silentLog } from '@innkeeper/kit';
import { listenForControl, serveRelay } from '../relay/testing/serve-relay.ts';
import { callJson } from './testing/call-json.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});
const json = { 'content-type': 'application/json' } as const;
const chunked = { ...json, 'transfer-encoding': 'chunked' } as const;
const control = '/innkeeper.control.v1.';
const exec = '/v1/vms/one/innkeeper.agent.v1.ProcessService/Exec';

/** The daemon itself, and a control plane that relays to it. */
const doors = {
  'the daemon': (api: ServedApi) => api.listenTcp(),
  'a control plane': async (api: ServedApi, stack: AsyncDisposableStack) => {
    await listenForControl(api);
    return stack.use(await serveRelay(api)).base;
  },
};

for (const [name, open] of Object.entries(doors))
  describe(`a client with nothing but HTTP, at ${name}`, { timeout: 120_000 }, () => {
    const stack = new AsyncDisposableStack();
    const guest = new FakeHost({ clock: unrefClock });
    let api: ServedApi;
    let base: string;
    let authorization: string;
    let session: Record<string, string>;

    before(async () => {
      const agent = createAgent(guest, silentLog);
      api = await serveApi({
        startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
      });
      await api.createVm('one');
      await api.access.users.createFirst();
      base = await open(api, stack);
      const { secret } = await api.access.sessions.createLink('admin');
      const login = await callJson(base, 'AccessService/LoginWithLink', { secret });
      session = {
        cookie: (login.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '',
        'x-innkeeper-csrf': String(login.body['csrfToken']),
      };
      const asked = { name: 'test', privileges: ['*'] };
      const { body } = await callJson(base, 'AccessService/CreateToken', asked, session);
      authorization = `Bearer ${String(body['secret'])}`;
      guest.files.put('/d/a', 'content');
    });
    after(async () => {
      await stack.disposeAsync();
      await api[Symbol.asyncDispose]();
    });

    const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${base}${path}`, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: { ...json, authorization, ...headers },
      });

    const unread: readonly (readonly [string, string, string, number, Record<string, string>])[] = [
      ['in a compression', 'POST', `${control}VmService/ListVms`, 300_000, { ...json, 'content-encoding': 'gzip' }],
      ['that is too large', 'POST', `${control}VmService/ListVms`, 5_000_000, json],
      ['of unknown length that is too large', 'POST', `${control}VmService/ListVms`, 5_000_000, chunked],
      ['that is too large for a route', 'POST', '/api/vms/one/execute', 5_000_000, json],
      ['that is too large for a report', 'POST', '/v1/vms/one/guest-ip', 4_194_305, json],
      ['of unknown length that is too large for a route', 'POST', '/api/vms/one/execute', 5_000_000, chunked],
      ['of another content type', 'POST', `${control}VmService/ListVms`, 300_000, { 'content-type': 'text/plain' }],
      ['of a stranger', 'POST', `${control}VmService/ListVms`, 300_000, { ...json, authorization: '' }],
      ['of a method that is called with GET', 'GET', `${control}VmService/ListVms`, 300_000, json],
      ['at a path without anything', 'PUT', '/v1/nothing', 300_000, {}],
      ['of a route that takes none', 'GET', '/healthz', 300_000, {}],
      ['of a route that a control plane forwards, and that takes none', 'GET', '/metrics', 300_000, {}],
      [
        'of a stream in a compression',
        'POST',
        exec,
        300_000,
        { ...json, 'content-encoding': 'gzip', accept: 'application/x-ndjson' },
      ],
    ];
    for (const [what, method, path, length, headers] of unread) {
      it(`can use its connection again at once after a body ${what}`, async () => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        try {
          const signal = AbortSignal.timeout(5_000);
          const ask = async (...[verb, at, body, more]: [string, string, Buffer, Record<string, string>]) => {
            const length = more === chunked ? {} : { 'content-length': String(body.length) };
            const sent = { authorization, ...length, ...more };
            const call = request(`${base}${at}`, { method: verb, agent, headers: sent, signal });
            // Where the length is known, the rest follows the answer: somebody has to read it all the same.
            const firstBytes = more === chunked ? body.length : 1000;
            call.write(body.subarray(0, firstBytes));
            const [answer] = (await once(call, 'response')) as [IncomingMessage];
            call.end(body.subarray(firstBytes));
            const port = answer.socket.localPort;
            return { status: answer.statusCode, body: await text(answer), port };
          };
          const first = await ask(method, path, Buffer.alloc(length, 0x20), headers);
          assert.ok((first.status ?? 500) < 500 || first.status === 501, JSON.stringify(first));
          const second = await ask('GET', '/healthz', Buffer.alloc(0), {});
          // One of unknown length may be endless, so its connection ends; the next one is not kept waiting either.
          assert.deepEqual([second.status, second.port === first.port], [200, headers !== chunked]);
        } finally {
          agent.destroy();
        }
      });
    }

    it('finds the reason and the next step of an error in the body of a call', async () => {
      const answer = await post(`${control}VmService/GetVm`, { vm: 'nobody' });
      const body = (await answer.json()) as Record<string, string>;
      assert.equal(answer.status, 404);
      assert.deepEqual([body['code'], body['reason']], ['not_found', 'VM_NOT_FOUND']);
      assert.match(body['message'] ?? '', /"nobody"/);
      assert.notEqual(body['nextStep'] ?? '', '');
      assert.equal(answer.headers.get('x-innkeeper-reason'), 'VM_NOT_FOUND');
    });

    it('finds the reason and the next step also where the Connect library refuses a call', async () => {
      const late = await post(`${control}VmService/ListVms`, {}, { 'connect-timeout-ms': 'soon' });
      const type = await post(`${control}VmService/ListVms`, 'a=b', { 'content-type': 'text/plain' });
      const both = await post(exec, '', { 'content-type': 'application/connect+json' });
      for (const [answer, status, reason] of [
        [late, 400, 'MALFORMED_REQUEST'],
        [type, 415, 'CONTENT_UNSUPPORTED'],
        [both, 505, 'CONTENT_UNSUPPORTED'],
      ] as const) {
        const body = (await answer.json()) as Record<string, string>;
        assert.deepEqual([answer.status, body['reason']], [status, reason]);
        assert.notEqual(body['nextStep'] ?? '', '');
      }
    });

    it('is told the name of a field that a request does not have, and those that it has', async () => {
      const top = await post(`${control}VmService/GetVm`, { vmm: 'one' });
      const nested = await post(`${control}RunService/StartRun`, { vms: ['one'], spec: { comand: 'x' } });
      for (const [answer, message, fields] of [
        [top, 'GetVmRequest has no field "vmm".', /^Its fields are vm\.$/],
        [nested, 'RunSpec has no field "comand".', /title, argv, script/],
      ] as const) {
        const body = (await answer.json()) as Record<string, string>;
        assert.deepEqual([answer.status, body['reason'], body['message']], [400, 'INVALID_ARGUMENT', message]);
        assert.match(body['nextStep'] ?? '', fields);
      }
    });

    it('gets 404 for a path, a service and a method that do not exist', async () => {
      for (const path of ['/nothing', '/v1/vms/one/nothing', `${control}VmService/Nothing`, '/innkeeper.x.Y/Z']) {
        const answer = await post(path, {});
        const body = (await answer.json()) as Record<string, string>;
        assert.deepEqual([answer.status, body['reason']], [404, 'UNKNOWN_METHOD'], path);
        assert.match(body['nextStep'] ?? '', /openapi/);
      }
    });

    it('is told what to do instead of GET on a method, or of a wrong HTTP method on a route', async () => {
      for (const [method, path, allow, next] of [
        ['GET', `${control}VmService/ListVms`, 'POST', /curl/],
        ['DELETE', `${control}VmService/ListVms`, 'POST', /curl/],
        ['POST', '/healthz', 'GET', /GET/],
        ['POST', '/v1/vms/one/files', 'GET, PUT, HEAD, DELETE', /PUT/],
      ] as const) {
        const answer = await fetch(`${base}${path}`, { method, headers: { authorization } });
        const body = (await answer.json()) as Record<string, string>;
        assert.deepEqual([answer.status, answer.headers.get('allow')], [405, allow], path);
        assert.match(body['nextStep'] ?? '', next);
      }
    });

    it('is told which parameter a route needs', async () => {
      const answer = await fetch(`${base}/v1/vms/one/files?path=/x`, { method: 'DELETE', headers: { authorization } });
      const body = (await answer.json()) as Record<string, string>;
      assert.deepEqual([answer.status, body['reason']], [400, 'INVALID_ARGUMENT']);
      assert.match(body['nextStep'] ?? '', /\?upload=/);
    });

    it('is told that a path is a WebSocket', async () => {
      const answer = await fetch(`${base}/v1/live`, { headers: { authorization } });
      assert.equal(answer.status, 404);
      assert.match(await answer.text(), /WebSocket/);
    });

    it('reads a stream as one JSON value a line', async () => {
      const headers = { accept: 'application/x-ndjson' };
      const built = await post(`${control}ImageService/BuildImage`, { kind: 'tiny', name: 'lines' });
      const { id } = (await built.json()) as { id: string };
      const answer = await post(`${control}OperationService/WatchOperation`, { id }, headers);
      assert.match(answer.headers.get('content-type') ?? '', /^application\/x-ndjson/);
      const lines = (await answer.text()).trimEnd().split('\n');
      const last = JSON.parse(lines.at(-1) ?? '') as Record<string, string>;
      assert.deepEqual([last['id'], last['state']], [id, 'OPERATION_STATE_SUCCEEDED']);
    });

    it('reads a stream as server-sent events, with an event for its end', async () => {
      const built = await post(`${control}ImageService/BuildImage`, { kind: 'tiny', name: 'events' });
      const { id } = (await built.json()) as { id: string };
      const watch = `${control}OperationService/WatchOperation`;
      const answer = await post(watch, { id }, { accept: 'text/event-stream' });
      assert.match(answer.headers.get('content-type') ?? '', /^text\/event-stream/);
      const events = (await answer.text()).trimEnd().split('\n\n');
      assert.equal(events.at(-1), 'event: end\ndata: {}');
      assert.equal((JSON.parse((events.at(-2) ?? '').replace(/^data: /, '')) as { id: string }).id, id);
    });

    it('gets the HTTP status of an error with which a stream begins', async () => {
      for (const accept of ['application/x-ndjson', 'text/event-stream']) {
        const answer = await post(`${control}VmService/WatchVm`, { vm: 'nobody' }, { accept });
        const body = (await answer.json()) as Record<string, string>;
        assert.deepEqual([answer.status, body['reason']], [404, 'VM_NOT_FOUND']);
        assert.notEqual(body['nextStep'] ?? '', '');
      }
    });

    it('reads an error with which a stream ends as its last line', async () => {
      const asked = { name: 'short', privileges: ['*'] };
      const { body } = await callJson(base, 'AccessService/CreateToken', asked, session);
      const { secret, token } = body as { secret: string; token: { id: string } };
      const headers = { accept: 'application/x-ndjson', authorization: `Bearer ${secret}` };
      const answer = await post(`${control}VmService/WatchVm`, { vm: 'one' }, headers);
      assert.ok(answer.body);
      const lines = createInterface({ input: Readable.from(answer.body) });
      const told: Record<string, unknown>[] = [];
      for await (const line of lines) {
        told.push(JSON.parse(line) as Record<string, unknown>);
        // Only now: with a deadline, the end could come before the first line.
        if (told.length === 1) await callJson(base, 'AccessService/RevokeToken', { id: token.id }, session);
      }
      assert.equal(told[0]?.['name'], 'one');
      const { error } = told.at(-1) as { error: Record<string, string> };
      assert.equal(error['reason'], 'TOKEN_INVALID');
    });

    it('gets the reason DEADLINE_EXCEEDED from a stream at its deadline, as a line or before the first one', async () => {
      const headers = { accept: 'application/x-ndjson', 'connect-timeout-ms': '300' };
      const answer = await post(`${control}VmService/WatchVm`, { vm: 'one' }, headers);
      const lines = (await answer.text()).trimEnd().split('\n');
      const last = JSON.parse(lines.at(-1) ?? '') as { reason?: string; error?: { reason: string } };
      assert.equal(last.error?.reason ?? last.reason, 'DEADLINE_EXCEEDED');
    });

    it('runs a command over HTTP/1.1 with its input as lines and its output as lines', async () => {
      const headers = { accept: 'application/x-ndjson', 'content-type': 'application/x-ndjson' };
      const start = { start: { id: 'curl', argv: ['/usr/bin/cat'], stdin: true } };
      const input = { stdin: { data: Buffer.from('hello').toString('base64'), end: true } };
      const answer = await post(exec, `${JSON.stringify(start)}\n${JSON.stringify(input)}\n`, headers);
      const told = await answer.text();
      assert.equal(answer.status, 200, told);
      assert.match(told, new RegExp(Buffer.from('hello').toString('base64')));
      assert.match(told, /"exited"/);
    });

    it('is told that a call of a stream has no message, in lines as in every protocol', async () => {
      const lines = { accept: 'application/x-ndjson', 'content-type': 'application/x-ndjson' };
      const none = await post(exec, '', lines);
      const blank = await post(exec, '\n\n', lines);
      for (const answer of [none, blank]) {
        assert.deepEqual([answer.status, answer.headers.get('x-innkeeper-reason')], [400, 'MALFORMED_REQUEST']);
      }
      // A method that takes one message gets one without fields.
      const watch = await post(`${control}VmService/WatchVm`, '', { accept: 'application/x-ndjson' });
      assert.equal(watch.headers.get('x-innkeeper-reason'), 'VM_NOT_FOUND');
    });

    it('is told how to read a stream when it asks for JSON', async () => {
      const answer = await post(`${control}VmService/WatchVms`, {});
      assert.equal(answer.status, 415);
      assert.match(await answer.text(), /x-ndjson.*event-stream/);
    });

    it('is refused a history from before the beginning of time, and gets one to its end', async () => {
      const query = `${control}HistoryService/QueryHistory`;
      const early = await post(query, { vm: 'one', fromUnixNs: '-9223372036854775808' });
      assert.deepEqual([early.status, early.headers.get('x-innkeeper-reason')], [400, 'INVALID_ARGUMENT']);
      for (const maxPoints of [0, 1, 2000]) {
        const late = await post(query, { vm: 'one', fromUnixNs: '1', toUnixNs: '9223372036854775807', maxPoints });
        assert.equal(late.status, 200, await late.text());
      }
      const never = await post(query, {
        vm: 'one',
        fromUnixNs: '9223372036854775806',
        toUnixNs: '9223372036854775807',
      });
      assert.equal(never.status, 400);
    });
  });

describe('a Host header that cannot be part of a script', () => {
  it('is refused with a reason where the address would be written into one', async () => {
    await using api = await serveApi({});
    const call = request({ socketPath: api.socketPath, path: '/install-agent.sh', headers: { host: 'x";id;"' } }).end();
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    assert.deepEqual([answer.statusCode, answer.headers['x-innkeeper-reason']], [403, 'HOST_REFUSED']);
  });
});
