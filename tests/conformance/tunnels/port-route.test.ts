import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { makeUser, sessionOf } from '../../../apps/innkeeper/src/access/testing/test-users.ts';
import type { ServedApi } from '../../../apps/innkeeper/src/api/testing/serve-api.ts';
import { Program, serveConnected, unusedPort } from './serve-connected.ts';

/** A program with a web page, a WebSocket and what a hostile one would send. */
async function startSite(): Promise<{ server: Server; port: number; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    const path = request.url ?? '';
    if (path === '/echo') {
      response.writeHead(201, { 'x-own': 'kept' });
      request.pipe(response);
    } else if (path === '/hostile') {
      response.setHeader('set-cookie', [
        'innkeeper_session=stolen; Path=/; Domain=localhost; SameSite=None',
        'a=1; Path=/; HttpOnly',
        `long=${'x'.repeat(5000)}`,
        'novalue',
      ]);
      response.setHeader('content-security-policy', "default-src 'self'");
      for (const name of ['clear-site-data', 'strict-transport-security', 'service-worker-allowed', 'alt-svc'])
        response.setHeader(name, 'x');
      response.setHeader('x-innkeeper-reason', 'SESSION_EXPIRED');
      response.end('hostile');
    } else if (path === '/many') {
      for (let index = 0; index < 60; index++) response.setHeader(`x-${index}`, 'y'.repeat(1000));
      response.end();
    } else if (path === '/cut') {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('part', () => response.destroy());
    } else if (path.startsWith('/away')) {
      response.writeHead(302, { location: new URL(request.url ?? '', 'http://x').searchParams.get('to') ?? '' }).end();
    } else response.end(`page of ${request.headers.host}`);
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    requests.push(request);
    if (request.url === '/no') socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
    else
      sockets.handleUpgrade(request, socket, head, (client) => {
        client.send('welcome');
        client.on('message', (data) => client.send(`got ${String(data)}`));
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port, requests };
}

describe('/v1/vms/{vm}/ports/{port}/', () => {
  let api: ServedApi;
  let base: string;
  let site: Awaited<ReturnType<typeof startSite>>;
  let session: Record<string, string>;
  const get = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}): Promise<Response> =>
    fetch(`${base}${path}`, { redirect: 'manual', headers, ...init });
  const loginAs = async (name: string, ...more: string[]): Promise<Record<string, string>> => {
    await makeUser(api.access, name, ['vm.view', ...more]);
    return { ...(await sessionOf(api.access, name)) };
  };
  /** What the browser's console opens. */
  const open = async (path = '/'): Promise<string> => {
    const answer = await get(`/v1/vms/one/ports/${site.port}${path}`, session);
    assert.equal(answer.status, 303);
    return answer.headers.get('location') ?? '';
  };

  before(async () => {
    api = await serveConnected();
    base = await api.listenTcp();
    site = await startSite();
    session = await loginAs('ann', 'guest.connect');
  });
  after(async () => {
    site.server.closeAllConnections();
    site.server.close();
    await api[Symbol.asyncDispose]();
  });

  it('a logged-in user is sent to an address with a grant, at which the program answers without any cookie', async () => {
    const address = await open('/a?b=c');
    assert.match(address, new RegExp(`^/v1/vms/one/ports/${site.port}/~[\\w-]{43}/a\\?b=c$`));
    const answer = await get(address);
    assert.equal(await answer.text(), `page of localhost:${site.port}`);
    assert.equal(site.requests.at(-1)?.url, '/a?b=c');
    assert.match(answer.headers.get('content-security-policy') ?? '', /^sandbox (?!.*allow-same-origin)/);
    assert.equal(answer.headers.get('referrer-policy'), 'no-referrer');
  });

  it('the program sees neither cookies nor tokens of the console, and its cookies are confined to its address', async () => {
    const address = await open('/hostile');
    const answer = await get(address, {
      cookie: `${session['cookie']}; ik-mine=1; other=2`,
      referer: `${base}${address}`,
      'x-innkeeper-csrf': 'x',
      'innkeeper-vm': 'x',
      authorization: 'Basic eDp5',
    });
    assert.equal(await answer.text(), 'hostile');
    const seen = site.requests.at(-1)?.headers ?? {};
    assert.equal(seen.cookie, 'mine=1');
    assert.equal(seen.authorization, 'Basic eDp5');
    for (const name of ['referer', 'x-innkeeper-csrf', 'innkeeper-vm', 'forwarded'])
      assert.equal(seen[name], undefined, name);
    const prefix = address.slice(0, -'/hostile'.length);
    assert.equal(seen['x-forwarded-prefix'], prefix);
    assert.deepEqual(answer.headers.getSetCookie(), [
      `ik-innkeeper_session=stolen; Path=${prefix}; SameSite=Lax`,
      `ik-a=1; HttpOnly; Path=${prefix}; SameSite=Lax`,
    ]);
    const names = [
      'clear-site-data',
      'strict-transport-security',
      'service-worker-allowed',
      'alt-svc',
      'x-innkeeper-reason',
    ];
    for (const name of names) assert.equal(answer.headers.get(name), null, name);
    assert.match(answer.headers.get('content-security-policy') ?? '', /^default-src 'self', sandbox /);
  });

  it('a page with the origin "null" may read its own answers and make preflights; the program sees its own origin', async () => {
    const address = await open('/echo');
    const headers = { origin: 'null', 'sec-fetch-site': 'cross-site', 'content-type': 'x/y' };
    const body = randomBytes(3 * 1024 * 1024);
    const answer = await get(address, headers, { method: 'POST', body });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get('access-control-allow-origin'), 'null');
    assert.equal(answer.headers.get('x-own'), 'kept');
    const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
    assert.equal(hash(new Uint8Array(await answer.arrayBuffer())), hash(body));
    assert.equal(site.requests.at(-1)?.headers.origin, `http://localhost:${site.port}`);
    const asked = { 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-a' };
    const preflight = await get(address, { ...headers, ...asked }, { method: 'OPTIONS' });
    assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-methods')], [204, 'PUT']);
  });

  it('a page is forwarded over HTTP/2 too, with its body and cookies', async () => {
    const address = await open('/hostile');
    const client = connectHttp2(base);
    try {
      const ask = async (path: string, headers: Record<string, string> = {}, body = ''): Promise<[number, string]> => {
        const stream = client.request({ ':path': path, ...headers });
        if (body !== '') stream.end(body);
        const [answer] = (await once(stream, 'response')) as [{ readonly ':status'?: number }];
        return [answer[':status'] ?? 0, Buffer.concat(await stream.toArray()).toString()];
      };
      assert.deepEqual(await ask(address, { cookie: 'ik-mine=1' }), [200, 'hostile']);
      assert.equal(site.requests.at(-1)?.headers.cookie, 'mine=1');
      const echo = address.replace('/hostile', '/echo');
      assert.deepEqual(await ask(echo, { ':method': 'POST' }, 'x'.repeat(200_000)), [201, 'x'.repeat(200_000)]);
    } finally {
      client.close();
    }
  });

  it('redirects within the program stay below its address', async () => {
    const address = await open('/away');
    const prefix = address.slice(0, -'/away'.length);
    for (const [to, wanted] of [
      ['/login?x', `${prefix}/login?x`],
      [`http://localhost:${site.port}/b`, `${prefix}/b`],
      [`http://127.0.0.1:${site.port}`, `${prefix}/`],
      ['next', 'next'],
      ['//example.org/', '//example.org/'],
      ['https://example.org/', 'https://example.org/'],
    ] as const)
      assert.equal((await get(`${address}?to=${encodeURIComponent(to)}`)).headers.get('location'), wanted);
  });

  it('a WebSocket of a granted page reaches the program; one without a grant does not', async () => {
    const address = await open('/socket');
    const socket = new WebSocket(`${base.replace('http', 'ws')}${address}`, { origin: 'null' });
    const messages: string[] = [];
    socket.on('message', (data) => messages.push(String(data)));
    await once(socket, 'open');
    socket.send('hi');
    while (messages.length < 2) await once(socket, 'message');
    assert.deepEqual(messages, ['welcome', 'got hi']);
    assert.equal(site.requests.at(-1)?.headers.origin, `http://localhost:${site.port}`);
    socket.close();
    await once(socket, 'close');
    const refused = async (path: string, headers: Record<string, string>): Promise<number> => {
      const other = new WebSocket(`${base.replace('http', 'ws')}${path}`, { headers });
      other.on('error', () => undefined);
      const [, response] = (await once(other, 'unexpected-response')) as [unknown, IncomingMessage];
      return response.statusCode ?? 0;
    };
    assert.equal(await refused(`/v1/vms/one/ports/${site.port}/socket`, { ...session, origin: base }), 403);
    assert.equal(await refused(`/v1/vms/one/ports/${site.port}/socket`, {}), 401);
    assert.equal(await refused(address.replace('/socket', '/no'), { origin: 'null' }), 400);
  });

  it('a grant is for its port and VM alone, and ends with the session', async () => {
    const own = await loginAs('bob', 'guest.connect');
    const answer = await get(`/v1/vms/one/ports/${site.port}/`, own);
    const address = answer.headers.get('location') ?? '';
    assert.equal((await get(address)).status, 200);
    const other = await unusedPort();
    assert.equal((await get(address.replace(`/ports/${site.port}/`, `/ports/${other}/`))).status, 401);
    assert.equal((await get(address.replace('/vms/one/', '/vms/two/'))).status, 401);
    // No call of the API takes it.
    assert.equal((await get(address.replace(/ports\/\d+\/(~[\w-]+)\//, 'files/$1?path=/'))).status, 404);
    const logout = `${base}/innkeeper.control.v1.AccessService/Logout`;
    const headers = { ...own, 'content-type': 'application/json' };
    assert.equal((await fetch(logout, { method: 'POST', headers, body: '{}' })).status, 200);
    assert.equal((await get(address)).status, 401);
  });

  it('strangers, users without guest.connect and pages of other sites are refused', async () => {
    const path = `/v1/vms/one/ports/${site.port}/`;
    assert.equal((await get(path)).status, 401);
    assert.equal((await get(path, { ...session, 'sec-fetch-site': 'cross-site' })).status, 403);
    const viewer = await loginAs('eve');
    const refused = await get(path, viewer);
    assert.deepEqual([refused.status, refused.headers.get('x-innkeeper-reason')], [403, 'PRIVILEGE_MISSING']);
  });

  it('a browser that opens a port without a program shows a page with the reason and what to do, and nothing else on it', async () => {
    const first = await get(`/v1/vms/one/ports/${await unusedPort()}/`, session);
    const path = first.headers.get('location') ?? '';
    const asked = request(`${base}${path}`, {
      headers: { 'sec-fetch-mode': 'navigate', accept: 'text/html,*/*;q=0.8' },
    });
    asked.end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    const text = Buffer.concat(await answer.toArray()).toString();
    assert.equal(answer.headers['content-type'], 'text/html; charset=utf-8');
    assert.match(String(answer.headers['content-security-policy']), /^default-src 'none'/);
    assert.deepEqual([answer.headers['x-innkeeper-reason'], answer.statusCode], ['TUNNEL_REFUSED', 400]);
    assert.match(
      text,
      /<h1>Nothing accepts connections at 127\.0\.0\.1:\d+\.<\/h1>\n<p>Start the program in the guest/,
    );
    // A script of the page has the same error as JSON.
    const script = await get(path, { accept: 'text/html,*/*;q=0.8' });
    assert.equal(((await script.json()) as { reason: string }).reason, 'TUNNEL_REFUSED');
  });

  it('a program that is absent, breaks off or does not speak HTTP is an error with its reason', async () => {
    await using echo = await Program.start((socket) => void socket.end('SSH-2.0-OpenSSH\r\n'));
    await using silent = await Program.start((socket) => void socket.end());
    const reasonAt = async (port: number, path = '/'): Promise<string | null> => {
      const first = await get(`/v1/vms/one/ports/${port}${path}`, session);
      return (await get(first.headers.get('location') ?? '')).headers.get('x-innkeeper-reason');
    };
    assert.equal(await reasonAt(await unusedPort()), 'TUNNEL_REFUSED');
    assert.equal(await reasonAt(echo.port), 'TUNNEL_NOT_HTTP');
    assert.equal(await reasonAt(silent.port), 'TUNNEL_NOT_HTTP');
    assert.equal(await reasonAt(site.port, '/many'), 'TUNNEL_NOT_HTTP');
    await assert.rejects((await get(await open('/cut'))).text());
    for (const port of ['0', '70000', '99999'])
      assert.equal((await get(`/v1/vms/one/ports/${port}/`, session)).status, 400, port);
  });

  it('below a domain for ports, a page has an origin of its own, with a cookie of its own', async () => {
    const domain = { name: 'ports.test', scheme: undefined, port: undefined };
    const hosts = { isLoopback: true, names: [] };
    const own = new URL(
      await api.listenTcp({ listener: { kind: 'tcp', isSecure: false, hosts, portsDomain: domain } }),
    );
    const ask = async (host: string, path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> => {
      const asked = request({ host: own.hostname, port: own.port, path, headers: { host, ...headers }, agent: false });
      asked.end();
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      answer.resume();
      return answer;
    };
    const first = await ask(own.host, `/v1/vms/one/ports/${site.port}/a?b`, session);
    const host = `${site.port}--one.ports.test:${own.port}`;
    const entering = new URL(first.headers.location ?? '');
    assert.equal(entering.host, host);
    const entered = await ask(host, `${entering.pathname}${entering.search}`);
    assert.deepEqual([entered.statusCode, entered.headers.location], [303, '/a?b']);
    const [cookie = ''] = entered.headers['set-cookie'] ?? [];
    assert.match(cookie, /^innkeeper_port=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    const pair = cookie.split(';')[0] ?? '';
    const page = await ask(host, '/hostile', { cookie: `x=1; ${pair}`, authorization: 'Bearer theirs' });
    assert.equal(page.statusCode, 200);
    assert.equal(page.headers['content-security-policy'], "default-src 'self'");
    assert.deepEqual(
      page.headers['set-cookie'],
      ['innkeeper_session=stolen; SameSite=None; Path=/', 'a=1; HttpOnly; Path=/'].map((each) =>
        each.replace('SameSite=None; Path=/', 'Path=/; SameSite=None'),
      ),
    );
    const seen = site.requests.at(-1)?.headers;
    assert.deepEqual([seen?.cookie, seen?.authorization], ['x=1', 'Bearer theirs']);
    // Another guest's page is of the same site; it must not use this one's cookie.
    const sibling = { cookie: pair, 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' };
    assert.equal((await ask(host, '/', sibling)).statusCode, 401);
    assert.equal((await ask(`${site.port}--two.ports.test`, '/', { cookie: pair })).statusCode, 401);
    assert.equal((await ask(host, '/', {})).statusCode, 401);
    // The console and its API are not there.
    assert.equal((await ask('ports.test', '/')).statusCode, 403);
    assert.equal((await ask(host, '/v1/vms/one/files?path=/', session)).statusCode, 401);
  });

  it('requests for pages of a guest share an entry of the audit, with their port', async () => {
    await api.server.gate.coalesced.flush();
    const address = await open('/');
    for (let count = 0; count < 5; count++) await (await get(address)).text();
    await api.server.gate.coalesced.flush();
    const rows = await api.store.audit.list({ action: 'guest.connect', limit: 100 });
    const entries = rows.filter(({ action, result }) => action === 'guest.connect' && result === 'ok');
    assert.ok(entries.length > 0);
    const counts = entries.map(
      ({ parameters }) => JSON.parse(parameters) as { coalesced_calls: number; target: string },
    );
    assert.ok(
      // Without the request that only led to the address with the grant.
      counts.some((each) => each.coalesced_calls === 5 && each.target === `port ${site.port}`),
      JSON.stringify(counts),
    );
  });
});
