import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { createClient } from '@innkeeper/client';
import { WebSocket, WebSocketServer } from 'ws';
import { runInn, spawnInn } from '../../../apps/cli/src/testing/run-inn.ts';
import { makeUser, sessionOf } from '../../../apps/innkeeper/src/access/testing/test-users.ts';
import type { ServedApi } from '../../../apps/innkeeper/src/api/testing/serve-api.ts';
import {
  listenForControl,
  type ServedRelay,
  serveRelay,
} from '../../../apps/innkeeper/src/relay/testing/serve-relay.ts';
import { Program, serveConnected, unusedPort } from './serve-connected.ts';

const mib = 1024 * 1024;
const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('tunnels through a control plane of its own', () => {
  let api: ServedApi;
  let relay: ServedRelay;
  /** For `inn`, which knows the control plane alone. */
  let environment: Record<string, string>;
  let bearer: Record<string, string>;
  before(async () => {
    api = await serveConnected();
    await listenForControl(api);
    relay = await serveRelay(api);
    const local = createClient({ socketPath: api.socketPath });
    const { secret } = await local.access.createToken({ name: 'test', privileges: ['*'] });
    bearer = { authorization: `Bearer ${secret}` };
    environment = { INNKEEPER_SOCKET: '', INNKEEPER_URL: relay.base, INNKEEPER_TOKEN: secret };
  });
  after(async () => {
    await relay?.[Symbol.asyncDispose]();
    await api?.[Symbol.asyncDispose]();
  });

  it('inn tunnel carries 8 MiB both ways unchanged, with the end of each, and says why there is no connection', async () => {
    await using program = await Program.start((socket) => void socket.pipe(socket));
    const child = spawnInn('', ['tunnel', 'one', `${program.port}`], environment);
    const input = randomBytes(8 * mib);
    child.stdin.end(input);
    const hash = createHash('sha256');
    child.stdout.on('data', (data: Buffer) => hash.update(data));
    assert.deepEqual(await once(child, 'close'), [0, null]);
    assert.equal(hash.digest('hex'), hashOf(input));
    const refused = await runInn('', ['tunnel', 'one', `${await unusedPort()}`], { environment });
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /Nothing accepts connections/);
  });

  it('a page of a guest is served at the address with a grant, streams both ways, and is refused without the privilege', async () => {
    await using stack = new AsyncDisposableStack();
    const seen: string[] = [];
    const site = createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.cookie ?? 'no cookie'}`);
      if (request.url === '/echo') request.pipe(response);
      else response.end('a page');
    });
    const sockets = new WebSocketServer({ server: site });
    sockets.on('connection', (client) => client.on('message', (data) => client.send(`got ${String(data)}`)));
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    stack.defer(() => {
      site.closeAllConnections();
      site.close();
    });
    const { port } = site.address() as AddressInfo;
    const path = `/v1/vms/one/ports/${port}`;
    const get = (at: string, init: RequestInit = {}) => fetch(`${relay.base}${at}`, { redirect: 'manual', ...init });

    await makeUser(api.access, 'pat', ['vm.view', 'guest.connect']);
    const opened = await get(`${path}/start`, { headers: { ...(await sessionOf(api.access, 'pat')) } });
    assert.equal(opened.status, 303);
    const granted = opened.headers.get('location') ?? '';
    assert.match(granted, new RegExp(`^${path}/~[\\w-]{43}/start$`));
    const page = await get(granted);
    assert.deepEqual([page.status, await page.text()], [200, 'a page']);
    assert.match(page.headers.get('content-security-policy') ?? '', /^sandbox/);
    assert.deepEqual(seen, ['GET /start no cookie']);

    const body = randomBytes(3 * mib);
    const echo = await get(granted.replace('/start', '/echo'), { method: 'POST', body });
    assert.equal(hashOf(new Uint8Array(await echo.arrayBuffer())), hashOf(body));

    const socket = new WebSocket(`${relay.base.replace('http', 'ws')}${granted}`);
    await once(socket, 'open');
    socket.send('hello');
    const [answer] = (await once(socket, 'message')) as [Buffer];
    assert.equal(String(answer), 'got hello');
    socket.close();
    await once(socket, 'close');

    assert.equal((await get(`${path}/`)).status, 401);
    await makeUser(api.access, 'viewer', ['vm.view']);
    const viewer = await get(`${path}/`, { headers: { ...(await sessionOf(api.access, 'viewer')) } });
    const refused = await get(viewer.headers.get('location') ?? `${path}/`);
    assert.equal(refused.headers.get('x-innkeeper-reason'), 'PRIVILEGE_MISSING');
    const nothing = await get(`/v1/vms/one/ports/${await unusedPort()}/`, { headers: bearer });
    assert.equal(nothing.headers.get('x-innkeeper-reason'), 'TUNNEL_REFUSED');
    assert.deepEqual(seen.slice(1), ['POST /echo no cookie']);
  });

  it('inn forward carries many connections at once, and works again after a restart of the node', async () => {
    await using program = await Program.start((socket) => void socket.pipe(socket));
    const child = spawnInn('', ['forward', 'one', `0:${program.port}`], environment);
    try {
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      const port = Number(/^127\.0\.0\.1:(\d+) -> /.exec(line)?.[1]);
      const inputs = Array.from({ length: 20 }, (_, at) => randomBytes(20_000 * (at + 1)));
      const outputs = await Promise.all(inputs.map((input) => ask(port, input)));
      assert.deepEqual(outputs.map(hashOf), inputs.map(hashOf));
      await api.restartServer();
      await listenForControl(api);
      assert.equal(`${await ask(port, Buffer.from('after'))}`, 'after');
    } finally {
      child.kill('SIGINT');
      await once(child, 'exit');
    }
  });
});

/** Sends bytes and their end on a connection; resolves to what came back. */
async function ask(port: number, input: Uint8Array): Promise<Buffer> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  socket.end(input);
  return Buffer.concat(await socket.toArray());
}
