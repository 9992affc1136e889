import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { sessionOf } from '../access/testing/test-users.ts';
import { makeSelfSigned } from '../edge/web/self-signed.ts';
import { callJson } from './testing/call-json.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

const root = join(import.meta.dirname, '../../../..');
const run = promisify(execFile);

describe('the one TCP port', () => {
  let api: ServedApi;
  let base: string;
  let token: string;

  before(async () => {
    api = await serveApi({});
    base = await api.listenTcp();
    await api.createVm('one', { agent: false });
    await api.access.users.createFirst();
    const { body } = await callJson(
      base,
      'AccessService/CreateToken',
      { name: 'buf', privileges: ['*'] },
      { ...(await sessionOf(api.access, 'admin')) },
    );
    token = String(body['secret']);
  });
  after(() => api[Symbol.asyncDispose]());

  async function bufCurl(url: string, ...options: string[]): Promise<{ stdout: string; stderr: string }> {
    const buf = join(root, 'node_modules/.bin/buf');
    try {
      return await run(buf, ['curl', '--schema', join(root, 'proto'), ...options, url], { cwd: root });
    } catch (error) {
      // A refused call exits with a code and prints the reason on stderr.
      return { stdout: '', stderr: '', ...(error as object) };
    }
  }

  for (const [protocol, ...options] of [
    ['connect'],
    ['connect', '--http2-prior-knowledge'],
    ['grpc', '--http2-prior-knowledge'],
    ['grpcweb'],
  ] as const) {
    it(`the TCP port serves buf curl with ${[protocol, ...options].join(' ')}, and refuses it without a token`, async () => {
      const common = ['--protocol', protocol, ...options];
      const bearer = ['-H', `Authorization: Bearer ${token}`];
      const list = `${base}/innkeeper.control.v1.VmService/ListVms`;
      const { stdout, stderr } = await bufCurl(list, ...common, ...bearer, '-d', '{}');
      assert.equal((JSON.parse(stdout || '{}') as { vms: { name: string }[] }).vms?.[0]?.name, 'one', stderr);
      const refused = await bufCurl(list, ...common, '-d', '{}');
      assert.match(refused.stderr, /unauthenticated/);
      const missing = await bufCurl(
        `${base}/innkeeper.control.v1.VmService/GetVm`,
        ...common,
        ...bearer,
        '-d',
        '{"vm":"two"}',
      );
      assert.match(missing.stderr, /There is no VM named/);
      const diagnosed = await bufCurl(
        `${base}/innkeeper.control.v1.VmService/WatchVm`,
        ...common,
        ...bearer,
        '-d',
        '{"vm":"two"}',
      );
      assert.match(diagnosed.stderr, /not_found/);
    });
  }

  it('the TCP port serves plain JSON', async () => {
    const { body, status } = await callJson(
      base,
      'VmService/GetVm',
      { vm: 'one' },
      { authorization: `Bearer ${token}` },
    );
    assert.deepEqual([status, body['name']], [200, 'one']);
    const { reason, headers } = await callJson(
      base,
      'VmService/GetVm',
      { vm: 'two' },
      { authorization: `Bearer ${token}` },
    );
    assert.equal(reason, 'VM_NOT_FOUND');
    assert.ok(headers.get('x-innkeeper-next-step'));
  });

  it('the TCP port serves TLS, with a Secure cookie', async () => {
    const tls = makeSelfSigned(['127.0.0.1'], Date.now());
    const secure = await api.listenTcp({
      tls,
      listener: { kind: 'tcp', isSecure: true, hosts: { isLoopback: true, names: [] } },
    });
    const { secret } = await api.access.sessions.createLink('admin');
    const url = `${secure}/innkeeper.control.v1.AccessService/LoginWithLink`;
    const { stderr, stdout } = await bufCurl(url, '--insecure', '-v', '-d', JSON.stringify({ secret }));
    assert.match(stderr, /set-cookie: innkeeper_session=[^\n]*; Secure/i);
    assert.match(stdout, /csrfToken/);
    const grpc = ['--protocol', 'grpc', '--insecure', '-H', `Authorization: Bearer ${token}`, '-d', '{}'];
    assert.match((await bufCurl(`${secure}/innkeeper.control.v1.VmService/ListVms`, ...grpc)).stdout, /"one"/);
  });

  it('the TCP port refuses requests that are too large, before and after login', async () => {
    const big = { name: 'x'.repeat(5_000_000) };
    for (const headers of [{}, { authorization: `Bearer ${token}` }]) {
      const { status } = await callJson(base, 'VmService/CreateVm', big, headers);
      assert.ok([401, 429].includes(status), String(status));
    }
  });

  it('the TCP port responds to a refused upload in HTTP/1.1 and HTTP/2', async () => {
    const body = new Uint8Array(3_000_000);
    const first = request(`${base}/v1/vms/one/files?path=/a`, { method: 'PUT', agent: false });
    // The connection may close during the upload; the response has arrived by then.
    first.on('error', () => undefined);
    first.end(body);
    const [answer] = (await once(first, 'response')) as [IncomingMessage];
    assert.equal(answer.headers['x-innkeeper-reason'], 'NOT_LOGGED_IN');
    const session = connectHttp2(base);
    const second = session.request({ ':method': 'PUT', ':path': '/v1/vms/one/files?path=/a' });
    second.on('error', () => undefined);
    second.end(body);
    const [headers] = (await once(second, 'response')) as [Record<string, string>];
    assert.equal(headers['x-innkeeper-reason'], 'NOT_LOGGED_IN');
    assert.match(await text(second), /NOT_LOGGED_IN/);
    session.close();
  });

  it('the TCP port refuses a foreign Host header', async () => {
    const socket = connect(Number(new URL(base).port), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n');
    const answer = await text(socket);
    assert.match(answer, /^HTTP\/1.1 403 /);
    assert.match(answer, /HOST_REFUSED/);
  });
});
