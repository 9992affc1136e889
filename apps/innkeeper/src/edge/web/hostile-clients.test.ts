import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '@innkeeper/kit/testing';
import { endSoon } from './connection.ts';
import type { HttpLimits } from './connection-limits.ts';
import { HttpListener, type HttpListenerOptions } from './http-listener.ts';
import { makeSelfSigned } from './self-signed.ts';

const quick: Partial<HttpLimits> = {
  headersTimeoutMs: 100,
  idleTimeoutMs: 100,
  checkIntervalMs: 20,
  strangerStallMs: 150,
  strangerRequestMs: 400,
  stallMs: 60_000,
};
/** For what is not about the beginning of a connection: a busy machine may need its time for that. */
const patient: Partial<HttpLimits> = { ...quick, headersTimeoutMs: 10_000, idleTimeoutMs: 10_000 };
/** More than fits into the buffers of both ends. */
const largeAnswer = Buffer.alloc(16 * 1024 * 1024);
const settingsFrame = Buffer.of(0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100);
const pingFrame = Buffer.concat([Buffer.of(0, 0, 8, 6, 0, 0, 0, 0, 0), Buffer.alloc(8)]);
const emptySettings = Buffer.of(0, 0, 0, 4, 0, 0, 0, 0, 0);
const prefaceText = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

type Attack = (socket: Socket) => void;

/** What a client does that never closes its side. */
const attacks: readonly [string, Attack][] = [
  ['says nothing', () => undefined],
  ['sends a part of the preface', (socket) => socket.write('PRI * HT')],
  ['sends half of its headers', (socket) => socket.write('GET / HTTP/1.1\r\nhost: a\r\nx-sl')],
  ['sends a header byte by byte', (socket) => trickle(socket, 'GET / HTTP/1.1\r\nhost: a\r\nx: ', 'x')],
  ['asks once and stays', (socket) => socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')],
  ['begins a second request', (socket) => socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\nGET / HT')],
  ['sends garbage', (socket) => socket.write('\x16nonsense\r\n\r\n')],
  ['sends its body byte by byte', (socket) => trickle(socket, post('/wait'), 'x')],
  ['stalls in its body', (socket) => socket.write(`${post('/wait')}x`)],
  ['goes on sending a body after the answer', (socket) => trickle(socket, post('/'), 'x')],
  ['does not read the answer', (socket) => socket.pause().write('GET /large HTTP/1.1\r\nhost: a\r\n\r\n')],
  ['stalls in an upgrade', (socket) => socket.write('GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgr')],
  [
    'keeps a refused upgrade',
    (socket) => socket.write('GET /ws HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'),
  ],
  [
    'keeps an upgrade that nobody answers',
    (socket) => socket.write('GET /silent HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'),
  ],
  ['opens an HTTP/2 session for nothing', (socket) => begin2(socket)],
  ['pings an HTTP/2 session', (socket) => trickle(socket, begin2(socket), pingFrame)],
  [
    'sends half an HTTP/2 frame',
    (socket) => socket.write(Buffer.concat([Buffer.from(prefaceText), emptySettings, Buffer.of(0, 0, 9)])),
  ],
  [
    'floods an HTTP/2 session with settings',
    (socket) => {
      begin2(socket);
      for (let count = 0; count < 200; count += 1) socket.write(settingsFrame);
    },
  ],
];

/** The same in streams of HTTP/2. */
const streams: readonly [string, (session: ClientHttp2Session) => void][] = [
  ['never ends its body', (session) => void session.request({ ':method': 'POST', ':path': '/wait' }).write('x')],
  [
    'sends its body byte by byte',
    (session) => {
      const stream = session.request({ ':method': 'POST', ':path': '/wait' });
      const timer = setInterval(() => stream.write('x'), 20);
      stream.once('close', () => clearInterval(timer));
      stream.on('error', () => undefined);
    },
  ],
  [
    'opens many and reads none',
    (session) => {
      for (let count = 0; count < 50; count += 1) {
        session.request({ ':path': '/large' }).on('error', () => undefined);
      }
    },
  ],
];

describe('clients that hold a connection for nothing', () => {
  const open: HttpListener[] = [];
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    await Promise.all(open.splice(0).map((listener) => listener.close(0)));
  });

  async function listen(options: Partial<HttpListenerOptions> = {}): Promise<HttpListener> {
    const listener = new HttpListener({
      onRequest: (request, response, recognize) => {
        request.on('error', () => undefined);
        if (request.headers.authorization !== undefined) recognize();
        if (request.url === '/large') response.end(largeAnswer);
        else if (request.url === '/wait') request.resume().once('end', () => response.end('whole'));
        else response.end('fine');
      },
      onUpgrade: (request, socket) => {
        if (request.url === '/ws') endSoon(socket, 'HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n');
      },
      limits: quick,
      ...options,
    });
    open.push(listener);
    await listener.listen({ host: '127.0.0.1', port: 0 });
    return listener;
  }

  function client(port: number, localAddress = '127.0.0.1'): Socket {
    const socket = connect({ port, host: '127.0.0.1', localAddress, allowHalfOpen: true });
    socket.on('error', () => undefined);
    sockets.push(socket);
    return socket;
  }

  for (const [what, attack] of attacks) {
    it(`are cut off: one that ${what}`, async () => {
      const listener = await listen();
      for (let count = 0; count < 5; count += 1) {
        const socket = client(listener.port);
        socket.resume();
        await once(socket, 'connect');
        attack(socket);
      }
      await until(() => listener.size === 5 || listener.size === 0);
      await until(() => listener.size === 0);
    });
  }

  for (const [what, attack] of streams) {
    it(`are cut off: an HTTP/2 stream that ${what}`, async () => {
      const listener = await listen({ limits: patient });
      const session = connectHttp2(`http://127.0.0.1:${listener.port}`, { settings: { initialWindowSize: 0 } });
      session.on('error', () => undefined);
      await once(session, 'remoteSettings');
      attack(session);
      await until(() => listener.size === 0);
      session.destroy();
    });
  }

  it('are cut off: one that asks and resets its streams at once, again and again', async () => {
    const listener = await listen({ limits: patient });
    const session = connectHttp2(`http://127.0.0.1:${listener.port}`);
    session.on('error', () => undefined);
    await once(session, 'remoteSettings');
    let sent = 0;
    while (!session.destroyed && sent < 1000) {
      const stream = session.request({ ':path': '/' });
      stream.on('error', () => undefined);
      stream.close(8);
      sent += 1;
      if (sent % 50 === 0) await delay(1);
    }
    await until(() => listener.size === 0);
    assert.ok(sent > 200, `${sent} streams`);
    session.destroy();
  });

  it('are cut off in a TLS handshake that never ends, and as strangers after it', async () => {
    const listener = await listen({ tls: makeSelfSigned(['127.0.0.1'], Date.now()) });
    const socket = client(listener.port);
    socket.resume();
    await once(socket, 'connect');
    // The beginning of a ClientHello.
    socket.write(Buffer.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01));
    await until(() => listener.size === 1);
    await until(() => listener.size === 0);
    const session = connectHttp2(`https://127.0.0.1:${listener.port}`, { rejectUnauthorized: false });
    session.on('error', () => undefined);
    session.request({ ':method': 'POST', ':path': '/wait' }).on('error', () => undefined);
    await until(() => listener.size === 1);
    await until(() => listener.size === 0);
    session.destroy();
  });

  it('does not cut off who is logged in and sends slowly, in HTTP/1.1 and HTTP/2', async () => {
    const listener = await listen({ limits: { ...patient, strangerRequestMs: 100 } });
    const socket = client(listener.port);
    socket.write(`POST /wait HTTP/1.1\r\nhost: a\r\nauthorization: x\r\ncontent-length: 10\r\n\r\n`);
    const session = connectHttp2(`http://127.0.0.1:${listener.port}`);
    const stream = session.request({ ':method': 'POST', ':path': '/wait', authorization: 'x' });
    for (let count = 0; count < 10; count += 1) {
      await delay(40);
      socket.write('x');
      stream.write('x');
    }
    stream.end();
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1.1 200.*whole/s);
    const [chunk] = (await once(stream, 'data')) as [Buffer];
    assert.equal(chunk.toString(), 'whole');
    session.close();
  });

  it('does not cut off an upload that the daemon itself holds up', async () => {
    const { promise: mayRead, resolve: read } = Promise.withResolvers<void>();
    const listener = await listen({
      limits: { ...patient, stallMs: 400 },
      onRequest: (request, response, recognize) => {
        recognize();
        void mayRead.then(() => request.resume().once('end', () => response.end('whole')));
      },
    });
    const bytes = Buffer.alloc(4 * 1024 * 1024);
    const socket = client(listener.port);
    socket.write(`PUT / HTTP/1.1\r\nhost: a\r\ncontent-length: ${bytes.length}\r\n\r\n`);
    socket.write(bytes);
    const session = connectHttp2(`http://127.0.0.1:${listener.port}`);
    const stream = session.request({ ':method': 'PUT', ':path': '/' });
    stream.end(bytes);
    // Several times what a client may stall.
    await delay(1200);
    read();
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1.1 200.*whole/s);
    const [chunk] = (await once(stream, 'data')) as [Buffer];
    assert.equal(chunk.toString(), 'whole');
    session.close();
  });

  it('from one address take their share and no more, and end each other', async () => {
    const listener = await listen({ limits: { maxStrangersPerAddress: 3, maxPerAddress: 5 } });
    const other = await connected(client(listener.port, '127.0.0.2'));
    const first = await connected(client(listener.port));
    const members = await Promise.all([1, 2, 3].map(() => connected(client(listener.port))));
    await closed(first);
    // Those that have shown a login count only among all of the address.
    for (const socket of members) await ask(socket, 'authorization: x\r\n');
    for (const socket of [client(listener.port), client(listener.port)]) await ask(socket, 'authorization: x\r\n');
    await closed(client(listener.port));
    assert.equal(listener.size, 6);
    members[0]?.destroy();
    await until(() => listener.size === 5);
    await ask(client(listener.port), '');
    await ask(other, '');
  });

  it('from many addresses end each other, and not who is logged in or comes back', async () => {
    const listener = await listen({ limits: { maxConnections: 20, maxStrangers: 10 } });
    const member = client(listener.port, '127.0.1.1');
    await ask(member, 'authorization: x\r\n');
    const flood = (): Socket[] =>
      Array.from({ length: 100 }, (_, index) => client(listener.port, `127.0.2.${index + 1}`));
    flood();
    await until(() => listener.size === 11);
    await ask(member, '');
    const again = await connected(client(listener.port, '127.0.1.1'));
    flood();
    await ask(again, 'authorization: x\r\n');
    await ask(client(listener.port, '127.0.3.1'), '');
    assert.ok(listener.size <= 12, String(listener.size));
  });

  it('that hold requests open make room as well', async () => {
    const listener = await listen({ limits: { maxConnections: 8, maxStrangers: 4 } });
    const slow = [1, 2, 3, 4].map((index) => client(listener.port, `127.0.2.${index}`));
    for (const socket of slow) socket.write(`${post('/wait')}x`);
    await until(() => listener.size === 4);
    await ask(client(listener.port, '127.0.3.1'), '');
    await closed(slow[0] as Socket);
  });
});

function post(path: string): string {
  return `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n`;
}

function begin2(socket: Socket): Buffer {
  const bytes = Buffer.concat([Buffer.from(prefaceText), emptySettings]);
  socket.write(bytes);
  return Buffer.alloc(0);
}

/** Sends a beginning, then one piece after the other as long as it can. */
function trickle(socket: Socket, beginning: string | Buffer, piece: string | Buffer): void {
  socket.write(beginning);
  const timer = setInterval(() => socket.write(piece), 20);
  socket.once('close', () => clearInterval(timer));
  socket.once('error', () => clearInterval(timer));
}

async function connected(socket: Socket): Promise<Socket> {
  await once(socket, 'connect');
  return socket;
}

async function closed(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.readableEnded && !socket.destroyed) await Promise.race([once(socket, 'end'), once(socket, 'close')]);
}

/** One request on this connection, which must be answered. */
async function ask(socket: Socket, headers: string): Promise<void> {
  const answered = once(socket, 'data');
  socket.write(`GET / HTTP/1.1\r\nhost: a\r\n${headers}\r\n`);
  const [answer] = (await answered) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1.1 200/);
}
