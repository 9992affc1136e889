import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { silentLog } from '@innkeeper/kit';
import { until } from '@innkeeper/kit/testing';
import { httpCall } from './testing/http-call.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

const mib = 1024 * 1024;

/** The guest's remaining timers do not keep the test process running. */
const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('/v1/vms/{vm}/files', () => {
  const guest = new FakeHost({ clock: unrefClock });
  let api: ServedApi;
  const call = (method: string, query: string, options?: Parameters<typeof httpCall>[3]) =>
    httpCall(api.socketPath, method, `/v1/vms/one/files?${query}`, options);

  before(async () => {
    const agent = createAgent(guest, silentLog);
    api = await serveApi({
      startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
    });
    await api.createVm('one');
    guest.files.put('/root/known', 'known');
  });
  after(() => api[Symbol.asyncDispose]());

  it('the files route uploads a file, and downloads it with its hash', async () => {
    const content = randomBytes(3 * mib);
    const put = await call('PUT', 'path=/root/a&upload=a1&mode=640', { body: content });
    assert.deepEqual(JSON.parse(put.body.toString()), { bytes: content.length, sha256: sha256(content) });
    const got = await call('GET', 'path=/root/a&sha256=1');
    assert.equal(got.headers['x-innkeeper-size'], String(content.length));
    assert.equal(got.headers['x-innkeeper-mode'], '640');
    assert.equal(got.trailers['x-innkeeper-sha256'], sha256(content));
    assert.ok(got.body.equals(content));
    const part = await call('GET', 'path=/root/a&offset=1000000&length=10');
    assert.ok(part.body.equals(content.subarray(1_000_000, 1_000_010)));
  });

  it('the files route uploads an empty file', async () => {
    assert.equal((await call('PUT', 'path=/root/empty&upload=e1')).status, 200);
    assert.equal((await call('GET', 'path=/root/empty')).body.length, 0);
  });

  it('an upload with a wrong hash replaces nothing', async () => {
    const headers = { 'x-innkeeper-sha256': sha256(Buffer.from('else')) };
    const put = await call('PUT', 'path=/root/known&upload=k1', { body: 'new', headers });
    assert.equal(put.headers['x-innkeeper-reason'], 'CHECKSUM_MISMATCH');
    assert.equal((await call('GET', 'path=/root/known')).body.toString(), 'known');
  });

  it('an interrupted upload is resumed, and nothing is visible before its end', async () => {
    const content = randomBytes(2 * mib);
    const cut = request({
      socketPath: api.socketPath,
      method: 'PUT',
      path: '/v1/vms/one/files?path=/root/cut&upload=c1',
      agent: false,
    });
    const failed = once(cut, 'error');
    cut.write(content.subarray(0, mib));
    let offset = 0;
    // The guest is still writing the first part.
    for (const timeout = AbortSignal.timeout(10_000); offset === 0; timeout.throwIfAborted()) {
      const head = await call('HEAD', 'path=/root/cut&upload=c1');
      if (head.headers['x-innkeeper-reason'] === 'UPLOAD_BUSY') {
        cut.destroy(new Error('cut'));
        continue;
      }
      offset = Number(head.headers['x-innkeeper-offset']);
    }
    cut.destroy();
    await failed.catch(() => undefined);
    assert.equal((await call('GET', 'path=/root/cut')).status, 404);
    const put = await call('PUT', `path=/root/cut&upload=c1&offset=${offset}`, { body: content.subarray(offset) });
    assert.equal(JSON.parse(put.body.toString()).sha256, sha256(content));
    assert.ok((await call('GET', 'path=/root/cut')).body.equals(content));
  });

  it('DELETE removes what has arrived of an upload, also while its cut-off body is still ending', async () => {
    const path = '/v1/vms/one/files?path=/root/left&upload=d1';
    const cut = request({ socketPath: api.socketPath, method: 'PUT', path, agent: false });
    const failed = once(cut, 'error');
    cut.write(Buffer.alloc(mib));
    const part = '/root/.left.innkeeper-d1.part';
    await until(() => guest.files.exists(part) && guest.files.stat(part, false).sizeBytes > 0);
    cut.destroy();
    assert.equal((await call('DELETE', 'path=/root/left&upload=d1')).status, 204);
    await failed.catch(() => undefined);
    assert.equal(guest.files.exists(part), false);
    assert.equal(guest.files.exists('/root/left'), false);
    assert.equal((await call('DELETE', 'path=/root/left&upload=d1')).status, 204);
    assert.equal((await call('DELETE', 'path=/none/left&upload=d1')).status, 204);
    assert.equal(guest.files.text('/root/known'), 'known');
  });

  it('HEAD returns offset 0 for an unknown upload, and a file’s attributes without an upload', async () => {
    assert.equal((await call('HEAD', 'path=/root/none&upload=n1')).headers['x-innkeeper-offset'], '0');
    const head = await call('HEAD', 'path=/root/known');
    assert.equal(head.headers['x-innkeeper-size'], '5');
    assert.equal(head.headers['x-innkeeper-kind'], 'regular');
  });

  it('a download that fails in the middle breaks the connection, or reports the error in a trailer to a client that reads them', async () => {
    guest.files.put('/root/large', randomBytes(32 * mib));
    const { row } = await api.createVm('two');
    const begin = async (headers: Record<string, string>): Promise<IncomingMessage> => {
      const path = '/v1/vms/two/files?path=/root/large';
      const outgoing = request({ socketPath: api.socketPath, path, headers, agent: false }).end();
      const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
      return response;
    };
    const curl = await begin({});
    const browser = await begin({ te: 'trailers', 'sec-fetch-mode': 'navigate' });
    const ours = await begin({ te: 'trailers' });
    api.driver.host.machine(row.id)?.crash('boom');
    await assert.rejects(curl.toArray(), { code: 'ECONNRESET' });
    await assert.rejects(browser.toArray(), { code: 'ECONNRESET' });
    const bytes = Buffer.concat(await ours.toArray()).length;
    assert.ok(bytes < 32 * mib, `${bytes} bytes`);
    assert.equal(JSON.parse(ours.trailers['x-innkeeper-error'] ?? '{}').reason, 'VM_NOT_RUNNING');
  });

  const refusals: readonly (readonly [title: string, method: string, query: string, reason: string])[] = [
    ['a path that does not exist', 'GET', 'path=/none', 'FILE_NOT_FOUND'],
    ['a relative path', 'GET', 'path=etc', 'INVALID_PATH'],
    ['a path with ".."', 'PUT', 'path=/root/../etc/x&upload=p', 'INVALID_PATH'],
    ['no path', 'GET', '', 'INVALID_ARGUMENT'],
    ['an offset that is not a number', 'GET', 'path=/root/known&offset=-1', 'INVALID_ARGUMENT'],
    ['a mode that is not octal', 'PUT', 'path=/root/x&mode=99', 'INVALID_ARGUMENT'],
    ['an offset without an upload', 'PUT', 'path=/root/x&offset=5', 'INVALID_ARGUMENT'],
    ['an offset beyond the uploaded bytes', 'PUT', 'path=/root/x&upload=gap&offset=5', 'UPLOAD_GAP'],
    ['an unknown user', 'PUT', 'path=/root/x&upload=u&user=nobodyknows', 'USER_NOT_FOUND'],
    ['another method', 'POST', 'path=/root/known', 'UNKNOWN_METHOD'],
    ['an upload that is discarded without its id', 'DELETE', 'path=/root/known', 'INVALID_ARGUMENT'],
  ];
  for (const [title, method, query, reason] of refusals) {
    it(`the files route refuses ${title} with ${reason}`, async () => {
      const { status, headers } = await call(method, query);
      assert.ok(status >= 400, `status ${status}`);
      assert.equal(headers['x-innkeeper-reason'], reason);
    });
  }

  it('the files route of an unknown VM fails with VM_NOT_FOUND', async () => {
    const { status, body } = await httpCall(api.socketPath, 'GET', '/v1/vms/three/files?path=/x');
    assert.equal(status, 404);
    assert.equal(JSON.parse(body.toString()).reason, 'VM_NOT_FOUND');
  });

  it('the files route leaves no file of the guest open', () => assert.equal(guest.files.openCount, 0));
});
