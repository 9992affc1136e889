import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFile, readdir, readFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { done, reasonOf, withImage } from '../fake/operate.ts';
import { testHost } from '../fake/test-node.ts';
import type { ImageTools } from './image-tools.ts';

const content = Buffer.from('the bytes of a disk');
const sha256 = createHash('sha256').update(content).digest('hex');
const source = { path: '', url: '', uploadId: '', sha256: '' };

/** Copies and hashes the file, as the real one does. */
const importImage: ImageTools['importImage'] = async (path, { directory }) => {
  const originalPath = join(directory, 'original.raw');
  await copyFile(path, originalPath);
  const made = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  return { originalPath, format: 'raw', virtualBytes: 1024n, sha256: made };
};

async function serve(listener: RequestListener): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: close };
}

describe('the source of an image', () => {
  it('an image is added from a URL, and only with the checksum that it must have', async () => {
    await using server = await serve((request, response) => {
      if (request.url === '/cut') {
        response.writeHead(200, { 'content-length': content.length + 1 });
        response.write(content, () => response.destroy());
      } else response.writeHead(request.url === '/disk.raw' ? 200 : 404).end(content);
    });
    await using at = await testHost();
    const test = await withImage(at.folder, at.host, { images: { importImage } });
    const { images, context } = test.node;
    const add = (name: string, path: string, sum = ''): ReturnType<typeof images.addFrom> =>
      images.addFrom({ ...source, name, url: `${server.url}${path}`, sha256: sum });
    assert.equal(reasonOf(await done(test, add('missing', '/other'))), 'IMAGE_DOWNLOAD_FAILED');
    assert.equal(reasonOf(await done(test, add('cut', '/cut'))), 'IMAGE_DOWNLOAD_FAILED');
    assert.equal(reasonOf(await done(test, add('wrong', '/disk.raw', '0'.repeat(64)))), 'CHECKSUM_MISMATCH');
    assert.deepEqual(await readdir(`${at.folder.path}/images`), ['tiny']);
    assert.equal((await done(test, add('good', '/disk.raw', sha256.toUpperCase()))).state, 'succeeded');
    assert.equal((await images.get('good')).sha256, sha256);
    // The download itself is not kept beside the image.
    const files = await readdir(context.folder.imageFolder('good'), { recursive: true });
    assert.ok(!files.some((file) => file.endsWith('download')), files.join());
    await test.stop();
  });

  it('an image is added from an upload, which is removed with it', async () => {
    await using at = await testHost();
    const test = await withImage(at.folder, at.host, { images: { importImage } });
    const { images } = test.node;
    const body = async function* (): AsyncGenerator<Uint8Array> {
      yield content;
    };
    await assert.rejects(images.addFrom({ ...source, name: 'up', uploadId: 'upload-1' }), {
      reason: 'INVALID_ARGUMENT',
    });
    await images.uploads.receive('upload-1', 0, body());
    const wrong = images.addFrom({ ...source, name: 'up', uploadId: 'upload-1', sha256: '0'.repeat(64) });
    assert.equal(reasonOf(await done(test, wrong)), 'CHECKSUM_MISMATCH');
    // It is still there, for another attempt.
    const good = images.addFrom({ ...source, name: 'up', uploadId: 'upload-1', sha256 });
    assert.equal((await done(test, good)).state, 'succeeded');
    assert.equal(await images.uploads.offset('upload-1'), 0);
    await test.stop();
  });

  it('an image with no, two or an impossible source is refused', async () => {
    await using at = await testHost();
    const test = await withImage(at.folder, at.host);
    const { images } = test.node;
    const both = { ...source, name: 'x', path: '/a', url: 'http://127.0.0.1/a' };
    await assert.rejects(images.addFrom(both), { reason: 'INVALID_ARGUMENT' });
    await assert.rejects(images.addFrom({ ...source, name: 'x' }), { reason: 'INVALID_PATH' });
    for (const url of ['file:///etc/passwd', 'ftp://x/y', 'x'])
      await assert.rejects(images.addFrom({ ...source, name: 'x', url }), { reason: 'INVALID_ARGUMENT' }, url);
    await assert.rejects(images.addFrom({ ...source, name: 'x', path: '/a', sha256: 'ab' }), {
      reason: 'INVALID_ARGUMENT',
    });
    await test.stop();
  });
});
