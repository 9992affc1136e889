import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { runInn } from './testing/run-inn.ts';

describe('what inn cp keeps of a file', () => {
  it('inn cp keeps a file’s time with its fraction, both ways, and its holes', async () => {
    const content = Buffer.concat([Buffer.from('begin'), Buffer.alloc(8 * 1024 * 1024), Buffer.from('end')]);
    const modifiedNs = 1_612_325_106_123_456_789n;
    const sent: (string | null)[] = [];
    await using daemon = await startFakeDaemon({
      async files(request, response, url) {
        if (request.method === 'PUT') {
          sent.push(url.searchParams.get('modified-ns'));
          const body = Buffer.concat(await request.toArray());
          response.end(JSON.stringify({ bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') }));
          return;
        }
        response.writeHead(200, {
          'x-innkeeper-size': `${content.length}`,
          'x-innkeeper-allocated': '8192',
          'x-innkeeper-mode': '644',
          'x-innkeeper-modified-ns': `${modifiedNs}`,
        });
        response.end(request.method === 'GET' ? content : undefined);
      },
    });
    const { folder, socketPath } = daemon;
    const file = join(folder, 'file');
    assert.equal((await runInn(socketPath, ['cp', 'hello:/file', file])).exitCode, 0);
    assert.ok((await readFile(file)).equals(content));
    const { mtimeNs, blocks } = await lstat(file, { bigint: true });
    assert.equal(mtimeNs / 1000n, modifiedNs / 1000n);
    assert.ok(blocks * 512n < 1024n * 1024n, `${blocks} blocks`);
    assert.equal((await runInn(socketPath, ['cp', file, 'hello:/file'])).exitCode, 0);
    assert.deepEqual(sent, [`${mtimeNs}`]);
  });
});
