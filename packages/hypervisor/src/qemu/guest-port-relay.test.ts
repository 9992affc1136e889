import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { GuestPortRelay } from './guest-port-relay.ts';

/** A relay between QEMU's end, which the test is, and an HTTP server. */
async function relayed(test: (qemu: Socket, asked: string[]) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-relay-'));
  const asked: string[] = [];
  const server = createHttpServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const [, size = '5'] = /size=(\d+)/.exec(request.url ?? '') ?? [];
    request.resume();
    request.once('end', () => response.end('x'.repeat(Number(size))));
  });
  const listener = createServer({ pauseOnConnect: true });
  try {
    server.listen(0, '127.0.0.1');
    listener.listen(join(folder, 'qemu.sock'));
    await Promise.all([once(server, 'listening'), once(listener, 'listening')]);
    const accepted = once(listener, 'connection') as Promise<[Socket]>;
    const { port } = server.address() as AddressInfo;
    using _relay = await GuestPortRelay.open({ socketPath: join(folder, 'qemu.sock'), port });
    const [qemu] = await accepted;
    await test(qemu, asked);
    qemu.destroy();
  } finally {
    server.closeAllConnections();
    server.close();
    listener.close();
    await rm(folder, { recursive: true });
  }
}

/** Reads until the end of what was read matches; resolves to that and to the number of bytes. */
async function until(qemu: Socket, wanted: RegExp): Promise<{ readonly end: string; readonly bytes: number }> {
  let end = '';
  let count = 0;
  for (;;) {
    const bytes = qemu.read() as Buffer | null;
    if (bytes === null) await once(qemu, 'readable');
    else {
      end = (end + bytes.subarray(-1000).toString()).slice(-1000);
      count += bytes.length;
    }
    if (wanted.test(end)) return { end, bytes: count };
  }
}

const head = 'Host: 10.0.2.2\r\n\r\n';

describe('the way from a restricted guest to the daemon’s port for guests', { timeout: 60_000 }, () => {
  it('requests of the guest’s connections, one after the other, are answered each', () =>
    relayed(async (qemu, asked) => {
      qemu.write(`GET /install-agent.sh HTTP/1.1\r\n${head}`);
      assert.match((await until(qemu, /x{5}$/)).end, /^HTTP\/1\.1 200 OK/);
      qemu.write(`GET /agent HTTP/1.1\r\nConnection: close\r\n${head}`);
      await until(qemu, /x{5}$/);
      qemu.write('POST /report HTTP/1.1\r\nContent-Length: 4\r\n');
      qemu.write(`${head}body`);
      await until(qemu, /x{5}$/);
      assert.deepEqual(asked, ['GET /install-agent.sh', 'GET /agent', 'POST /report']);
    }));

  it('a request after a client that left in the middle of its answer gets its own answer', () =>
    relayed(async (qemu, asked) => {
      qemu.write(`GET /?size=9000000 HTTP/1.1\r\n${head}`);
      await once(qemu, 'readable');
      qemu.write(`GET /next?size=7 HTTP/1.1\r\n${head}`);
      const { bytes } = await until(qemu, /Content-Length: 7\r\n(.*\r\n)*\r\nx{7}$/);
      assert.ok(bytes < 9_000_000, `${bytes} bytes, so the rest of the first answer was not dropped`);
      assert.deepEqual(asked, ['GET /?size=9000000', 'GET /next?size=7']);
    }));
});
