import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { silentLog } from '@innkeeper/kit';
import { until } from '@innkeeper/kit/testing';
import { blockBytes, paddedBytes, tarHeader } from '@innkeeper/tar';
import { httpCall } from './testing/http-call.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

const mib = 1024 * 1024;

const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

function archiveOf(files: Readonly<Record<string, Uint8Array | string>>): Buffer {
  const facts = { type: 'file', linkTarget: '', user: '', group: '' } as const;
  const stat = { mode: 0o4640, uid: 7, gid: 8, modifiedNs: 5_000_000_000n };
  const parts = Object.entries(files).flatMap(([path, text]) => {
    const content = Buffer.from(text);
    const padding = Buffer.alloc(paddedBytes(content.length) - content.length);
    return [tarHeader({ ...facts, path, stat, sizeBytes: content.length }), content, padding];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)]);
}

describe('/v1/vms/{vm}/tar', () => {
  const guest = new FakeHost({ clock: unrefClock });
  let api: ServedApi;
  const call = (method: string, query: string, options?: Parameters<typeof httpCall>[3]) =>
    httpCall(api.socketPath, method, `/v1/vms/one/tar?${query}`, options);

  before(async () => {
    const agent = createAgent(guest, silentLog);
    api = await serveApi({
      startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
    });
    await api.createVm('one');
    guest.files.putFolder('/root');
    guest.files.put('/d/file', 'x'.repeat(3000));
    guest.files.putSpecial('/d/pï\u0007pe', 'fifo');
  });
  after(() => api[Symbol.asyncDispose]());

  it('the tar route downloads a folder as an archive with its name, and lists skipped entries', async () => {
    const { status, headers, trailers, body } = await call('GET', 'path=/d/');
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'application/x-tar');
    assert.equal(headers['content-disposition'], "attachment; filename*=UTF-8''d.tar");
    assert.equal(body.subarray(0, 3).toString(), 'd/\0');
    assert.equal(body.length % blockBytes, 0);
    assert.equal(trailers['x-innkeeper-files'], '2');
    assert.deepEqual(JSON.parse(trailers['x-innkeeper-skipped'] ?? ''), ['d/pï\u0007pe: is a fifo']);
  });

  it('a download is named after the requested path, without misleading characters', async () => {
    const name = 'a"b\r\n\u202egpj.exe';
    guest.files.put(`/d/${name}`, 'x');
    const wanted = "attachment; filename*=UTF-8''a_b___gpj.exe";
    const path = new URLSearchParams({ path: `/d/${name}` });
    assert.equal((await call('GET', `${path}`)).headers['content-disposition'], `${wanted}.tar`);
    const file = await httpCall(api.socketPath, 'GET', `/v1/vms/one/files?${path}`);
    assert.equal(file.headers['content-disposition'], wanted);
    assert.equal((await call('GET', 'path=/')).headers['content-disposition'], "attachment; filename*=UTF-8''root.tar");
    guest.files.unlink(`/d/${name}`);
  });

  it('the tar route unpacks an archive, and returns counts', async () => {
    const archive = archiveOf({ 'a/b': 'text', c: '' });
    const { status, body } = await call('PUT', 'path=/root/to&parents=1', { body: archive });
    assert.equal(status, 200, body.toString());
    assert.deepEqual(JSON.parse(body.toString()), { bytes: archive.length, files: 2, skipped: [] });
    assert.equal(guest.files.text('/root/to/a/b'), 'text');
    const { mode, uid } = guest.files.stat('/root/to/a/b', false);
    assert.deepEqual([mode, uid], [0o640, 0]);
    await call('PUT', 'path=/root/to&owners=1', { body: archive });
    const kept = guest.files.stat('/root/to/a/b', false);
    assert.deepEqual([kept.mode, kept.uid, kept.gid], [0o4640, 7, 8]);
  });

  it('a truncated upload of an archive fails and leaves no partial file', async () => {
    const archive = archiveOf({ whole: 'kept', half: Buffer.alloc(mib) });
    const path = '/v1/vms/one/tar?path=/root/cut&parents=1';
    const cut = request({ socketPath: api.socketPath, method: 'PUT', path, agent: false });
    const failed = once(cut, 'error');
    cut.write(archive.subarray(0, mib / 2));
    await until(() => guest.files.exists('/root/cut') && guest.files.exists('/root/cut/whole'));
    cut.destroy();
    await failed.catch(() => undefined);
    await until(() => guest.files.names('/root/cut').length <= 1);
    assert.deepEqual(guest.files.names('/root/cut'), ['whole']);
    const seen = async (): Promise<boolean> => {
      const [row] = await api.store.audit.list({ action: 'guest.tar.write', limit: 1 });
      return row?.parameters.includes('/root/cut') === true && row.result !== 'ok';
    };
    await until(seen);
  });

  it('the tar route refuses a truncated archive in a complete body', async () => {
    const { headers } = await call('PUT', 'path=/root/short&parents=1', {
      body: archiveOf({ a: 'x' }).subarray(0, 1024),
    });
    assert.equal(headers['x-innkeeper-reason'], 'INVALID_ARGUMENT');
  });

  it('the tar route reports an error in the middle of an archive in a trailer', async () => {
    guest.files.put('/large/file', Buffer.alloc(32 * mib, 1));
    const { row } = await api.createVm('two');
    const path = '/v1/vms/two/tar?path=/large';
    const headers = { te: 'trailers' };
    const outgoing = request({ socketPath: api.socketPath, path, headers, agent: false }).end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    api.driver.host.machine(row.id)?.crash('boom');
    let bytes = 0;
    for await (const chunk of response) bytes += (chunk as Buffer).length;
    assert.ok(bytes < 32 * mib, `${bytes} bytes`);
    assert.match(JSON.parse(response.trailers['x-innkeeper-error'] ?? '{}').reason, /VM_NOT_RUNNING|AGENT_UNREACHABLE/);
  });

  const refusals: readonly (readonly [title: string, method: string, query: string, reason: string])[] = [
    ['a path that does not exist', 'GET', 'path=/none', 'FILE_NOT_FOUND'],
    ['a folder that does not exist', 'PUT', 'path=/none/x', 'FILE_NOT_FOUND'],
    ['a relative path', 'GET', 'path=etc', 'INVALID_PATH'],
    ['a path with ".."', 'PUT', 'path=/root/../etc', 'INVALID_PATH'],
    ['no path', 'GET', '', 'INVALID_ARGUMENT'],
    ['no path to unpack to', 'PUT', 'parents=1', 'INVALID_ARGUMENT'],
    ['a body that is not an archive', 'PUT', 'path=/root', 'INVALID_ARGUMENT'],
    ['another method', 'POST', 'path=/d', 'UNKNOWN_METHOD'],
  ];
  for (const [title, method, query, reason] of refusals) {
    it(`the tar route refuses ${title} with ${reason}`, async () => {
      const { status, headers } = await call(method, query, method === 'GET' ? {} : { body: 'garbage'.repeat(100) });
      assert.ok(status >= 400, `status ${status}`);
      assert.equal(headers['x-innkeeper-reason'], reason);
    });
  }

  it('the tar route leaves no file of the guest open', () => assert.equal(guest.files.openCount, 0));
});
