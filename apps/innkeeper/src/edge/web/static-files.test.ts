import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { connect as connectHttp2, constants, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { AnyResponse } from './request-facts.ts';
import { serveStaticFile } from './static-files.ts';

describe('serveStaticFile()', () => {
  let folder: string;
  let server: Server;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'innkeeper-web-'));
    await mkdir(join(folder, 'web/assets'), { recursive: true });
    await writeFile(join(folder, 'secret.txt'), 'not for the web');
    await writeFile(join(folder, 'web/index.html'), '<!doctype html>the console');
    await writeFile(join(folder, 'web/assets/app-4ZQ5XJ3K.js'), 'let a = 1;');
    await writeFile(join(folder, 'web/assets/app-4ZQ5XJ3K.js.gz'), gzipSync('let a = 1;'));
    await writeFile(join(folder, 'web/icon.svg'), '<svg/>');
    server = createServer((ask, response) => {
      const web = join(folder, ask.headers['x-empty'] === undefined ? 'web' : 'none');
      serveStaticFile(web, ask, response).then(
        (isDone) => isDone || response.writeHead(501).end(),
        // The client has received everything and disconnected before the server noticed.
        () => response.destroy(),
      );
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  after(async () => {
    server.close();
    await rm(folder, { recursive: true });
  });

  async function get(
    path: string,
    headers: Record<string, string> = {},
    method = 'GET',
  ): Promise<IncomingMessage & { text: string }> {
    const { port } = server.address() as AddressInfo;
    const call = request({ host: '127.0.0.1', port, path, method, headers, agent: false });
    call.end();
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    return Object.assign(answer, { text: await text(answer) });
  }

  it('serves the index page for every path without a file, with a strict content policy', async () => {
    for (const path of ['/', '/vms/one?tab=files', '/login', '/users/anna.b']) {
      const answer = await get(path);
      assert.equal(answer.statusCode, 200, path);
      assert.equal(answer.text, '<!doctype html>the console');
      assert.equal(answer.headers['cache-control'], 'no-cache');
      const policy = String(answer.headers['content-security-policy']);
      assert.match(policy, /default-src 'none'; script-src 'self';/);
      assert.doesNotMatch(policy, /https?:|script-src[^;]*unsafe/);
    }
  });

  it('lets clients cache hashed names for ever and revalidate others', async () => {
    const hashed = await get('/assets/app-4ZQ5XJ3K.js');
    assert.equal(hashed.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(hashed.headers['content-type'], 'text/javascript; charset=utf-8');
    const icon = await get('/icon.svg');
    const again = await get('/icon.svg', { 'if-none-match': icon.headers.etag ?? '' });
    assert.deepEqual([again.statusCode, again.text], [304, '']);
  });

  it('serves the compressed form to clients that accept it', async () => {
    const answer = await get('/assets/app-4ZQ5XJ3K.js', { 'accept-encoding': 'br, gzip' });
    assert.equal(answer.headers['content-encoding'], 'gzip');
    assert.equal(answer.headers.vary, 'accept-encoding');
    assert.equal(
      (await get('/assets/app-4ZQ5XJ3K.js', { 'accept-encoding': 'gzip;q=0' })).headers['content-encoding'],
      undefined,
    );
    assert.equal((await get('/assets/app-4ZQ5XJ3K.js', {}, 'HEAD')).headers['content-length'], '10');
  });

  it('serves nothing from outside its folder', async () => {
    await symlink(join(folder, 'secret.txt'), join(folder, 'web/.hidden.txt'));
    for (const path of [
      '/../secret.txt',
      '/assets/../../secret.txt',
      '/%2e%2e/secret.txt',
      '/assets/..%2f..%2fsecret.txt',
      '/.hidden.txt',
      '//secret.txt',
      '/\\..\\secret.txt',
      '/assets/%00.js',
    ]) {
      assert.doesNotMatch((await get(path)).text, /not for the web/, path);
    }
  });

  it('lets go of a file whose HTTP/2 client reset the stream before the answer', { timeout: 10_000 }, async (t) => {
    const asked = Promise.withResolvers<void>();
    const served = Promise.withResolvers<boolean>();
    const http2 = createHttp2Server((ask, response) => {
      ask.once('close', () =>
        serveStaticFile(join(folder, 'web'), ask, response as AnyResponse as ServerResponse).then(
          served.resolve,
          served.reject,
        ),
      );
      asked.resolve();
    });
    http2.listen(0, '127.0.0.1');
    await once(http2, 'listening');
    const client = connectHttp2(`http://127.0.0.1:${(http2.address() as AddressInfo).port}`);
    t.after(() => {
      client.destroy();
      http2.close();
    });
    const stream = client.request({ ':path': '/' });
    stream.on('error', () => undefined);
    await asked.promise;
    stream.close(constants.NGHTTP2_CANCEL);
    assert.equal(await served.promise, true);
  });

  it('gives its page for an unknown path to browsers alone, so that a mistyped path is an error for a program', async () => {
    assert.equal((await get('/vms/web', { accept: 'text/html,*/*' })).statusCode, 200);
    assert.equal((await get('/vms/web', { accept: '*/*' })).statusCode, 501);
    assert.equal((await get('/', { accept: '*/*' })).statusCode, 200);
  });

  it('does not handle API paths and changes, and says if nothing is built', async () => {
    for (const path of ['/v1/none', '/api/x', '/metrics', '/innkeeper.control.v1.Nothing/At', '/install-agent.sh']) {
      assert.equal((await get(path)).statusCode, 501, path);
    }
    assert.equal((await get('/', {}, 'POST')).statusCode, 501);
    const empty = await get('/', { 'x-empty': '1' });
    assert.equal(empty.statusCode, 404);
    assert.match(empty.text, /npm start/);
  });
});
