import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { tarHeader } from '@innkeeper/tar';
import { errorBody, startFakeDaemon } from '../testing/fake-daemon.ts';
import { createClient } from './create-client.ts';

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of body) text += Buffer.from(chunk).toString();
  return text;
}

/** An archive of a folder "d" with one file, in two pieces. */
const archive = Buffer.concat(
  (['directory', 'file'] as const)
    .map((type) => ({
      type,
      path: type === 'file' ? 'd/f' : 'd',
      linkTarget: '',
      sizeBytes: 0,
      user: 'root',
      group: '',
    }))
    .map((facts) => tarHeader({ ...facts, stat: { mode: 0o755, uid: 1, gid: 2, modifiedNs: 5_000_000_000n } }))
    .concat(new Uint8Array(1024)),
);
const begun = archive.subarray(0, 700);

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

describe('a folder as an archive', () => {
  it('readTar streams an archive, and lists at its end what was left out', async () => {
    let asked = '';
    const files = (request: IncomingMessage, response: ServerResponse, url: URL): void => {
      asked = `${request.method} ${url.pathname} ${url.searchParams}`;
      response.writeHead(200, { trailer: 'x-innkeeper-files, x-innkeeper-skipped' });
      response.write(begun);
      response.addTrailers({ 'x-innkeeper-files': '3', 'x-innkeeper-skipped': '["d/pipe: is a fifo"]' });
      response.end(archive.subarray(700));
    };
    await using daemon = await startFakeDaemon({ files });
    const tar = await createClient(daemon).files.readTar('one', '/d', { noSymlinks: true });
    assert.equal(await textOf(tar.body), archive.toString());
    assert.deepEqual([tar.files(), tar.skipped()], [3, ['d/pipe: is a fifo']]);
    assert.equal(asked, 'GET /v1/vms/one/tar path=%2Fd&no-symlinks=1');
    await daemon.idle();
  });

  it('readTar rejects with the guest’s error, at once or midway, and when the connection is lost', async () => {
    const files = (_: IncomingMessage, response: ServerResponse, url: URL): void => {
      const path = url.searchParams.get('path');
      if (path === '/none/d') {
        response.writeHead(404).end(errorBody('FILE_NOT_FOUND', 'no such file'));
        return;
      }
      response.writeHead(200, { trailer: 'x-innkeeper-error' });
      response.write(begun);
      if (path === '/cut/d') setImmediate(() => response.destroy());
      else {
        response.addTrailers({ 'x-innkeeper-error': errorBody('AGENT_UNREACHABLE', 'it broke') });
        response.end();
      }
    };
    await using daemon = await startFakeDaemon({ files });
    const { files: remote } = createClient(daemon);
    const read = async (path: string): Promise<string> => textOf((await remote.readTar('one', path)).body);
    await assert.rejects(read('/none/d'), { reason: 'FILE_NOT_FOUND' });
    await assert.rejects(read('/lost/d'), { reason: 'AGENT_UNREACHABLE' });
    await assert.rejects(read('/cut/d'), { reason: 'DAEMON_UNREACHABLE' });
    await daemon.idle();
  });
});

describe('an archive that is unpacked', () => {
  it('writeTar sends the archive as its source yields it', async () => {
    let asked = '';
    const files = async (request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> => {
      asked = `${request.method} ${url.searchParams} ${await textOf(request)}`;
      response.end(JSON.stringify({ bytes: 7, files: 2, skipped: ['x'] }));
    };
    await using daemon = await startFakeDaemon({ files: (...all) => void files(...all) });
    const progress: number[] = [];
    const done = await createClient(daemon).files.writeTar('one', '/to', {
      source: () => pieces('arch', 'ive'),
      createParents: true,
      keepOwners: true,
      onProgress: (bytes) => progress.push(bytes),
    });
    assert.deepEqual(done, { bytes: 7, files: 2, skipped: ['x'] });
    assert.equal(asked, 'PUT path=%2Fto&parents=1&owners=1 archive');
    assert.deepEqual(progress, [4, 7]);
  });

  it('writeTar rejects with the guest’s error while still sending, and with an error of its source', async () => {
    const files = (_: IncomingMessage, response: ServerResponse, url: URL): void => {
      if (url.searchParams.get('path') === '/refused')
        response.writeHead(400, { connection: 'close' }).end(errorBody('FILE_SYMLINK_REFUSED', 'a link'));
    };
    await using daemon = await startFakeDaemon({ files });
    const { files: remote } = createClient(daemon);
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) yield Buffer.alloc(65_536);
    }
    await assert.rejects(remote.writeTar('one', '/refused', { source: endless }), { reason: 'FILE_SYMLINK_REFUSED' });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('x');
      throw Object.assign(new Error('gone'), { code: 'ENOENT' });
    }
    await assert.rejects(remote.writeTar('one', '/hangs', { source: broken }), { message: 'gone' });
    const abort = new AbortController();
    const hanging = remote.writeTar('one', '/hangs', { source: endless, signal: abort.signal });
    setImmediate(() => abort.abort());
    await assert.rejects(hanging, { reason: 'CANCELED' });
    await daemon.idle();
  });
});
