import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { HttpListener, type HttpListenerOptions } from './http-listener.ts';
import { makeSelfSigned } from './self-signed.ts';

const quick = { headersTimeoutMs: 100, checkIntervalMs: 20, idleTimeoutMs: 200 };

describe('HttpListener', () => {
  const open: HttpListener[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((listener) => listener.close(0)));
  });

  async function listen(options: Partial<HttpListenerOptions> = {}): Promise<number> {
    const listener = new HttpListener({
      onRequest: (request, response) => void response.end(`${request.httpVersion} ${request.url}`),
      onUpgrade: (_request, socket) => void socket.end('HTTP/1.1 101 Fine\r\n\r\n'),
      ...options,
    });
    open.push(listener);
    await listener.listen({ host: '127.0.0.1', port: 0 });
    return listener.port;
  }

  async function http2(url: string, options: object = {}): Promise<string> {
    const session = connectHttp2(url, options);
    try {
      return await text(session.request({ ':path': '/two' }));
    } finally {
      session.close();
    }
  }

  it('speaks HTTP/1.1 and HTTP/2 on one port, by the first bytes', async () => {
    const port = await listen();
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/one`)).text(), '1.1 /one');
    assert.equal(await http2(`http://127.0.0.1:${port}`), '2.0 /two');
  });

  it('recognizes the protocol when the bytes arrive one at a time', async () => {
    const port = await listen();
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    for (const byte of 'PROPFIND / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n') {
      await new Promise<void>((resolve) => socket.write(byte, () => resolve()));
    }
    assert.match(await text(socket), /^HTTP\/1.1 200.*1\.1 \//s);
  });

  it('speaks both in TLS, by ALPN', async () => {
    const tls = makeSelfSigned(['127.0.0.1', 'localhost'], Date.now());
    const port = await listen({ tls });
    assert.equal(await http2(`https://localhost:${port}`, { ca: tls.cert }), '2.0 /two');
    const socket = connectTls({ port, host: '127.0.0.1', ca: tls.cert, servername: 'localhost' });
    socket.write('GET /one HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n');
    assert.match(await text(socket), /1\.1 \/one$/);
  });

  it('closes connections that send nothing, part of the preface, or half of their headers', async () => {
    const port = await listen({ limits: quick });
    for (const beginning of ['', 'PRI * HT', 'GET / HTTP/1.1\r\nhost: a\r\nx-sl', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n']) {
      const socket = connect(port, '127.0.0.1');
      if (beginning !== '') socket.write(beginning);
      await ended(socket);
    }
  });

  it('closes idle connections', async () => {
    const port = await listen({ limits: quick });
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await ended(socket);
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    await once(session, 'close');
  });

  it('refuses headers beyond 16 KiB and garbage, and keeps serving', async () => {
    const port = await listen();
    const answers = await Promise.all(
      [`GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, '\x16\x03\x01\x02\x00', 'nonsense\r\n\r\n'].map(
        async (bytes) => {
          const socket = connect(port, '127.0.0.1');
          socket.end(bytes);
          return await text(socket);
        },
      ),
    );
    for (const answer of answers) assert.match(answer, /^HTTP\/1.1 (400|431) /);
    assert.equal(await http2(`http://127.0.0.1:${port}`), '2.0 /two');
  });
});

/** Resolves when the other side has closed the connection. */
async function ended(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  socket.resume();
  await once(socket, 'close');
}
