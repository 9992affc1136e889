import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { tarHeader } from '@innkeeper/tar';
import { errorBody, startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { readStream } from './commands/local-file.ts';
import { resultOf, runInn } from './testing/run-inn.ts';

const facts = {
  linkTarget: '',
  user: '',
  group: '',
  stat: { mode: 0o750, uid: 0, gid: 0, modifiedNs: 5_250_000_000n },
};
const folder = tarHeader({ ...facts, path: 'tree', type: 'directory', sizeBytes: 0 });
const file = tarHeader({ ...facts, path: 'tree/file', type: 'file', sizeBytes: 512 });
const content = Buffer.alloc(512, 'x');
const end = Buffer.alloc(1024);

describe('inn cp in bad moments', () => {
  it('inn cp -r begins again when the guest is reset in the middle, both ways, and finishes the folders', async () => {
    const asked: string[] = [];
    await using daemon = await startFakeDaemon({
      guestFiles: { stat: () => ({ kind: 2 }) },
      async files(request, response) {
        asked.push(request.method ?? '');
        const isFirst = asked.filter((method) => method === request.method).length === 1;
        if (request.method === 'PUT') {
          let bytes = 0;
          for await (const chunk of request as AsyncIterable<Buffer>) {
            bytes += chunk.length;
            if (isFirst && bytes > 6_000_000) break;
          }
          if (isFirst) response.writeHead(503).end(errorBody('AGENT_UNREACHABLE', 'The guest was reset.'));
          else response.end(JSON.stringify({ bytes, files: 2, skipped: [] }));
          return;
        }
        response.writeHead(200, { trailer: 'x-innkeeper-error' });
        response.write(Buffer.concat([folder, file, content.subarray(0, 100)]));
        if (isFirst)
          response.addTrailers({ 'x-innkeeper-error': errorBody('AGENT_UNREACHABLE', 'The guest was reset.') });
        else response.write(Buffer.concat([content.subarray(100), end]));
        response.end();
      },
    });
    const target = join(daemon.folder, 'copy');
    const quiet = { exitCode: 0, stdout: '', stderr: '' };
    assert.deepEqual(await runInn(daemon.socketPath, ['cp', '-r', 'hello:/srv/tree', target]), quiet);
    assert.equal((await readFile(join(target, 'file'))).length, 512);
    const { mode, mtimeMs } = await stat(target);
    assert.deepEqual([mode & 0o777, mtimeMs], [0o750, 5250]);
    const tree = join(daemon.folder, 'tree');
    await mkdir(tree);
    await writeFile(join(tree, 'large'), Buffer.alloc(12_000_000, 'y'));
    assert.deepEqual(await runInn(daemon.socketPath, ['cp', '-r', tree, 'hello:/srv']), quiet);
    assert.deepEqual(asked, ['GET', 'GET', 'PUT', 'PUT']);
  });

  it('inn cp and inn cp -r write a file in place that is a mount point, or whose folder cannot be written', async (t) => {
    await using daemon = await startFakeDaemon({
      files(_, response, url) {
        const isTar = url.pathname.endsWith('/tar');
        response.writeHead(200, { 'x-innkeeper-size': '512', 'x-innkeeper-mode': '644' });
        response.end(isTar ? Buffer.concat([folder, file, content, end]) : content);
      },
    });
    const tree = join(daemon.folder, 'to', 'tree');
    await mkdir(tree, { recursive: true });
    const scripts = [
      'mount --bind "$1/file" "$1/file" || exit 99; shift; exec "$@"',
      `mount --bind "$1" "$1" && mount --bind "$1/file" "$1/file" && mount -o remount,ro,bind "$1" || exit 99
        shift; exec "$@"`,
    ];
    const inn = [process.execPath, fileURLToPath(new URL('./main.ts', import.meta.url)), 'cp'];
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent', INNKEEPER_SOCKET: daemon.socketPath };
    const copies = [
      ['hello:/srv/tree/file', tree],
      ['-r', 'hello:/srv/tree', join(tree, '..')],
    ];
    for (const [script, words] of scripts.flatMap((each) => copies.map((copy) => [each, copy] as const))) {
      await writeFile(join(tree, 'file'), 'an old content');
      const args = ['-rm', 'bash', '-c', script, 'bash', tree, ...inn, ...words];
      const { exitCode, stderr } = await resultOf(spawn('unshare', args, { env }));
      if (exitCode === 99 || /unshare/.test(stderr)) return t.skip('no mount namespaces here');
      assert.ok((await readFile(join(tree, 'file'))).equals(content), stderr);
      assert.deepEqual([exitCode, stderr, await readdir(tree)], [0, '', ['file']]);
    }
  });

  it('a device without an end is not uploaded for ever', async () => {
    await assert.rejects(async () => {
      let bytes = 0;
      for await (const chunk of readStream('/dev/zero', 1024 * 1024)) {
        bytes += chunk.length;
        assert.ok(bytes < 16 * 1024 * 1024);
      }
    }, /\/dev\/zero has no true size and more than 1 MiB: it may have no end/);
  });
});
