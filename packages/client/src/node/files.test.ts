import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { errorBody, startFakeDaemon } from '../testing/fake-daemon.ts';
import { createClient } from './create-client.ts';

type Files = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

const headers = {
  'x-innkeeper-size': '10',
  'x-innkeeper-mode': '640',
  'x-innkeeper-modified-ns': '1700000000000000001',
};

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of body) text += Buffer.from(chunk).toString();
  return text;
}

describe('reading a file', () => {
  it('readFile returns size, mode and time, the bytes from an offset, and the hash at the end', async () => {
    let asked = '';
    const files: Files = (request, response, url) => {
      asked = `${request.method} ${url.pathname} ${url.searchParams}`;
      response.writeHead(200, { ...headers, trailer: 'x-innkeeper-sha256' });
      response.write('4567');
      response.addTrailers({ 'x-innkeeper-sha256': 'ab' });
      response.end('89');
    };
    await using daemon = await startFakeDaemon({ files });
    const file = await createClient(daemon).readFile('one', '/tmp/ü &x', { offset: 4, sha256: true });
    assert.deepEqual([file.sizeBytes, file.mode, file.modifiedNs], [10, 0o640, 1_700_000_000_000_000_001n]);
    assert.equal(await textOf(file.body), '456789');
    assert.equal(file.sha256(), 'ab');
    assert.equal(asked, 'GET /v1/vms/one/files path=%2Ftmp%2F%C3%BC+%26x&offset=4&sha256=1');
    await daemon.idle();
  });

  it('readFile rejects with the guest’s error, at once or midway, and when the connection is lost', async () => {
    const files: Files = (_, response, url) => {
      const path = url.searchParams.get('path');
      if (path === '/none') {
        response.writeHead(404).end(errorBody('FILE_NOT_FOUND', 'no such file'));
        return;
      }
      response.writeHead(200, { ...headers, trailer: 'x-innkeeper-error' });
      response.write('0123');
      if (path === '/cut') setImmediate(() => response.destroy());
      else {
        response.addTrailers({ 'x-innkeeper-error': errorBody('FILE_CHANGED', 'cut meanwhile') });
        response.end();
      }
    };
    await using daemon = await startFakeDaemon({ files });
    const client = createClient(daemon);
    await assert.rejects(client.readFile('one', '/none'), { reason: 'FILE_NOT_FOUND', message: 'no such file' });
    await assert.rejects(textOf((await client.readFile('one', '/changed')).body), { reason: 'FILE_CHANGED' });
    await assert.rejects(
      client.readFile('one', '/cut').then(({ body }) => textOf(body)),
      { reason: 'DAEMON_UNREACHABLE' },
    );
    await daemon.idle();
  });

  it('readFile ends on an abort before and after the response head, and when its reader leaves', async () => {
    const asked = Promise.withResolvers<void>();
    const files: Files = (_, response, url) => {
      if (url.searchParams.get('path') === '/slow') asked.resolve();
      else response.writeHead(200, headers).write('0123');
    };
    await using daemon = await startFakeDaemon({ files });
    const client = createClient(daemon);
    await assert.rejects(client.readFile('one', '/f', { signal: AbortSignal.abort() }), { reason: 'CANCELED' });
    const early = new AbortController();
    const slow = client.readFile('one', '/slow', { signal: early.signal });
    await asked.promise;
    early.abort();
    await assert.rejects(slow, { reason: 'CANCELED' });
    const late = new AbortController();
    const file = await client.readFile('one', '/f', { signal: late.signal });
    const rest = textOf(file.body);
    late.abort();
    await assert.rejects(rest, { reason: 'CANCELED' });
    for await (const chunk of (await client.readFile('one', '/f')).body) {
      assert.equal(Buffer.from(chunk).toString(), '0123');
      break;
    }
    await daemon.idle();
  });
});

describe('writing a file', () => {
  const bytes = Buffer.from('0123456789');
  const source = (offset: number): AsyncIterable<Uint8Array> =>
    Readable.from(Array.from(bytes.subarray(offset), (byte) => Buffer.of(byte)));

  it('writeFile sends the bytes with mode, owner and hash, and returns the guest’s byte count', async () => {
    let asked = '';
    let hash: unknown;
    const files: Files = async (request, response, url) => {
      asked = `${request.method} ${url.searchParams}`;
      hash = request.headers['x-innkeeper-sha256'];
      response.end(JSON.stringify({ bytes: (await textOf(request)).length, sha256: 'cd' }));
    };
    await using daemon = await startFakeDaemon({ files });
    const progress: number[] = [];
    const written = await createClient(daemon).writeFile('one', '/f', {
      source,
      uploadId: 'u',
      sizeBytes: 10,
      sha256: 'cd',
      mode: 0o600,
      user: 'bob',
      group: 'staff',
      createParents: true,
      onProgress: (sent) => progress.push(sent),
    });
    assert.deepEqual(written, { bytes: 10, sha256: 'cd' });
    assert.equal(asked, 'PUT path=%2Ff&upload=u&size=10&mode=600&user=bob&group=staff&parents=1');
    assert.equal(hash, 'cd');
    assert.equal(progress.at(-1), 10);
    await daemon.idle();
  });

  it('writeFile resumes at the guest’s offset after the daemon was killed', async () => {
    let got = '';
    const half = Promise.withResolvers<void>();
    const hang = Promise.withResolvers<void>();
    const files: Files = (request) => {
      request.on('error', () => undefined);
      request.on('data', (chunk: Buffer) => {
        got += chunk.toString();
        if (got.length >= 4) half.resolve();
      });
    };
    await using daemon = await startFakeDaemon({ files });
    const offsets: number[] = [];
    async function* slow(offset: number): AsyncGenerator<Uint8Array> {
      offsets.push(offset);
      yield bytes.subarray(offset, offset + 4);
      if (offset === 0) await hang.promise;
      yield bytes.subarray(offset + 4);
    }
    const written = createClient(daemon).writeFile('one', '/f', { source: slow, uploadId: 'u' });
    await half.promise;
    await daemon.stop();
    let tries = 0;
    await daemon.restart({
      files: async (request, response, url) => {
        if (request.method === 'HEAD') {
          // The agent is not connected yet.
          if (tries++ === 0) response.writeHead(503, { 'x-innkeeper-error': errorBody('AGENT_UNREACHABLE', 'wait') });
          else response.setHeader('x-innkeeper-offset', '3');
          response.end();
          return;
        }
        assert.equal(url.searchParams.get('offset'), '3');
        response.end(JSON.stringify({ bytes: 3 + (await textOf(request)).length, sha256: '' }));
      },
    });
    hang.resolve();
    assert.deepEqual(await written, { bytes: 10, sha256: '' });
    assert.deepEqual(offsets, [0, 3]);
    assert.equal(tries, 2);
    await daemon.idle();
  });

  it('writeFile rejects with the guest’s error even if the guest did not read the whole body', async () => {
    const files: Files = (_, response, url) => {
      const reason = url.searchParams.get('path') === '/hash' ? 'CHECKSUM_MISMATCH' : 'GUEST_DISK_FULL';
      response.writeHead(500).end(errorBody(reason, 'refused'));
    };
    await using daemon = await startFakeDaemon({ files });
    const client = createClient(daemon);
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield new Uint8Array(64 * 1024);
    }
    await assert.rejects(client.writeFile('one', '/hash', { source }), { reason: 'CHECKSUM_MISMATCH' });
    await assert.rejects(client.writeFile('one', '/f', { source: endless, uploadId: 'u' }), {
      reason: 'GUEST_DISK_FULL',
    });
    await daemon.idle();
  });

  it('writeFile rejects with an error of its source, without a retry', async () => {
    await using daemon = await startFakeDaemon({
      files: (request) => void request.on('error', () => undefined).resume(),
    });
    const gone = Object.assign(new Error('no such file'), { code: 'ENOENT' });
    let calls = 0;
    async function* broken(): AsyncGenerator<Uint8Array> {
      calls++;
      yield bytes;
      throw gone;
    }
    await assert.rejects(createClient(daemon).writeFile('one', '/f', { source: broken, uploadId: 'u' }), gone);
    assert.equal(calls, 1);
    await daemon.idle();
  });

  it('writeFile ends on an abort, and releases its source', async () => {
    await using daemon = await startFakeDaemon({
      files: (request) => void request.on('error', () => undefined).resume(),
    });
    const controller = new AbortController();
    const released = Promise.withResolvers<void>();
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (let count = 0; ; count++) {
          yield bytes;
          if (count === 10) controller.abort();
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        released.resolve();
      }
    }
    const write = createClient(daemon).writeFile('one', '/f', {
      source: endless,
      uploadId: 'u',
      signal: controller.signal,
    });
    await assert.rejects(write, { reason: 'CANCELED' });
    await released.promise;
    await daemon.idle();
  });

  it('writeFile removes from the guest what an upload left that failed for good, and begins again after a reset of the guest', async () => {
    const asked: string[] = [];
    const files: Files = async (request, response, url) => {
      const path = url.searchParams.get('path');
      asked.push(`${request.method} ${path} ${url.searchParams.get('offset') ?? ''}`.trim());
      if (request.method !== 'PUT') {
        response.writeHead(request.method === 'DELETE' ? 204 : 200, { 'x-innkeeper-offset': '2' }).end();
        return;
      }
      const text = await textOf(request).catch(() => '');
      if (path === '/full') response.writeHead(507).end(errorBody('GUEST_DISK_FULL', 'no room'));
      else if (path === '/busy') response.writeHead(409).end(errorBody('UPLOAD_BUSY', 'another'));
      else if (path === '/reset' && !url.searchParams.has('offset'))
        response.writeHead(409).end(errorBody('UPLOAD_GAP', 'The guest has 2 bytes of this upload.'));
      else response.end(JSON.stringify({ bytes: 2 + text.length, sha256: '' }));
    };
    await using daemon = await startFakeDaemon({ files });
    const client = createClient(daemon);
    const source = (offset: number) => Readable.from([Buffer.from('abcdef').subarray(offset)]);
    const write = (path: string) => client.writeFile('one', path, { uploadId: 'u', source });
    await assert.rejects(write('/full'), { reason: 'GUEST_DISK_FULL' });
    await assert.rejects(write('/busy'), { reason: 'UPLOAD_BUSY' });
    assert.equal((await write('/reset')).bytes, 6);
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('x');
      throw new Error('the source failed');
    }
    await assert.rejects(client.writeFile('one', '/source', { uploadId: 'u', source: failing }), /the source failed/);
    assert.deepEqual(
      asked.filter((each) => each !== 'PUT /source'),
      ['PUT /full', 'DELETE /full', 'PUT /busy', 'PUT /reset', 'HEAD /reset', 'PUT /reset 2', 'DELETE /source'],
    );
    await daemon.idle();
  });
});
