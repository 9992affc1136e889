import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  constants,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { FileKind } from '@innkeeper/contract/agent';
import { until } from '@innkeeper/kit/testing';
import { callError, errorBody, startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { readFrom } from './commands/local-file.ts';
import { resultOf, runInn, spawnInn } from './testing/run-inn.ts';

describe('inn cp', () => {
  const bytes = Buffer.from('the bytes\n'.repeat(50_000));
  const hash = createHash('sha256').update(bytes).digest('hex');

  it('inn cp copies a file to a guest and back, by name and through a pipe', async () => {
    const puts: string[] = [];
    await using daemon = await startFakeDaemon({
      async files(request, response, url) {
        if (request.method === 'GET') {
          response.writeHead(200, {
            'x-innkeeper-size': `${bytes.length}`,
            'x-innkeeper-mode': '600',
            trailer: 'x-innkeeper-sha256',
          });
          response.write(bytes);
          response.addTrailers({ 'x-innkeeper-sha256': hash });
          response.end();
          return;
        }
        if (request.method === 'HEAD') {
          response.end();
          return;
        }
        const digest = createHash('sha256');
        let count = 0;
        for await (const chunk of request as AsyncIterable<Buffer>) {
          digest.update(chunk);
          count += chunk.length;
        }
        puts.push(`${url.searchParams.get('path')} ${count}`);
        response.end(JSON.stringify({ bytes: count, sha256: digest.digest('hex') }));
      },
    });
    const here = join(daemon.folder, 'file');
    await writeFile(here, bytes);
    const quiet = { exitCode: 0, stdout: '', stderr: '' };
    assert.deepEqual(await runInn(daemon.socketPath, ['cp', here, 'hello:/tmp/']), quiet);
    assert.deepEqual(await runInn(daemon.socketPath, ['cp', '-', 'hello:/tmp/p'], { input: 'piped' }), quiet);
    assert.deepEqual(puts, [`/tmp/file ${bytes.length}`, '/tmp/p 5']);
    const back = join(daemon.folder, 'back');
    assert.deepEqual(await runInn(daemon.socketPath, ['cp', 'hello:/f', back]), quiet);
    assert.ok((await readFile(back)).equals(bytes));
    assert.equal((await runInn(daemon.socketPath, ['cp', 'hello:/f', '-'])).stdout, bytes.toString());
  });

  it('inn cp names a file by the requested path, and follows a link', async () => {
    await using daemon = await startFakeDaemon({
      files(_, response) {
        const evil = 'attachment; filename=.bashrc';
        response.writeHead(200, { 'x-innkeeper-size': '4', 'x-innkeeper-mode': '644', 'content-disposition': evil });
        response.end('text');
      },
    });
    const folder = join(daemon.folder, 'to');
    await mkdir(folder);
    await writeFile(join(daemon.folder, 'mine'), 'mine');
    await symlink('../mine', join(folder, 'f'));
    const long = 'n'.repeat(250);
    for (const path of ['/d/f/.', `/d/${long}`])
      assert.deepEqual(await runInn(daemon.socketPath, ['cp', `hello:${path}`, folder]), {
        exitCode: 0,
        stdout: '',
        stderr: '',
      });
    assert.deepEqual((await readdir(folder)).sort(), ['f', long]);
    assert.equal(await readFile(join(folder, 'f'), 'utf8'), 'text');
    assert.equal(await readFile(join(daemon.folder, 'mine'), 'utf8'), 'text');
    assert.equal(await readlink(join(folder, 'f')), '../mine');
  });

  it('inn cp leaves no partial file after a checksum mismatch, ^C or a missing file', async () => {
    const begun = Promise.withResolvers<void>();
    await using daemon = await startFakeDaemon({
      files(_, response, url) {
        response.writeHead(200, { 'x-innkeeper-size': '9', trailer: 'x-innkeeper-sha256' });
        response.write('some');
        begun.resolve();
        if (url.searchParams.get('path') === '/hangs') return;
        response.addTrailers({ 'x-innkeeper-sha256': hash });
        response.end();
      },
    });
    const target = join(daemon.folder, 'target');
    const wrong = await runInn(daemon.socketPath, ['cp', 'hello:/f', target]);
    assert.equal(wrong.exitCode, 1);
    assert.match(wrong.stderr, /CHECKSUM_MISMATCH/);
    const child = spawnInn(daemon.socketPath, ['cp', 'hello:/hangs', target]);
    const result = resultOf(child);
    await until(async () => (await readdir(daemon.folder)).some((name) => name.endsWith('.part')));
    child.kill('SIGINT');
    await result;
    assert.equal(child.signalCode, 'SIGINT');
    assert.deepEqual(await readdir(daemon.folder), ['innkeeper.sock']);
    assert.equal((await runInn(daemon.socketPath, ['cp', '/nonexistent', 'hello:/f'])).exitCode, 3);
  });

  it('inn cp writes into what is not a plain file, keeps links and hard links, and keeps the mode of a replaced file', async () => {
    await using daemon = await startFakeDaemon({
      files(_, response) {
        response.writeHead(200, { 'x-innkeeper-size': '4', 'x-innkeeper-mode': '644' });
        response.end('text');
      },
    });
    const { folder, socketPath } = daemon;
    const download = async (target: string) => {
      const result = await runInn(socketPath, ['cp', 'hello:/f', target]);
      assert.deepEqual([result.exitCode, result.stderr], [0, ''], target);
      return result.stdout;
    };
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    // Open before the download, so that neither waits for the other.
    const reader = await open(fifo, constants.O_RDWR | constants.O_NONBLOCK);
    await download(fifo);
    assert.ok((await lstat(fifo)).isFIFO());
    const { bytesRead, buffer } = await reader.read(Buffer.alloc(100));
    await reader.close();
    assert.equal(buffer.toString('utf8', 0, bytesRead), 'text');
    await download('/dev/null');
    assert.ok((await lstat('/dev/null')).isCharacterDevice());
    for (const name of ['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1']) assert.equal(await download(name), 'text');
    const [first, second] = [join(folder, 'first'), join(folder, 'second')];
    await writeFile(first, 'a long old content');
    await link(first, second);
    await download(second);
    assert.equal(await readFile(first, 'utf8'), 'text');
    const secret = join(folder, 'secret');
    await writeFile(secret, 'old');
    for (const mode of [0o600, 0o751]) {
      await chmod(secret, mode);
      await download(secret);
      assert.equal((await lstat(secret)).mode & 0o7777, mode);
    }
    assert.deepEqual((await readdir(folder)).sort(), ['fifo', 'first', 'innkeeper.sock', 'second', 'secret']);
  });

  it('inn cp uploads from FIFOs, <(…), /dev/stdin and files of /proc, and a growing file up to its size at the start', async () => {
    const puts: string[] = [];
    await using daemon = await startFakeDaemon({
      async files(request, response, url) {
        const body = request.method === 'PUT' ? Buffer.concat(await request.toArray().catch(() => [])) : '';
        if (request.method === 'PUT')
          puts.push(`${url.searchParams.get('path')} ${url.searchParams.get('size')} ${body}`);
        const sha256 = createHash('sha256').update(body).digest('hex');
        response.end(request.method === 'PUT' ? JSON.stringify({ bytes: body.length, sha256 }) : undefined);
      },
    });
    const { folder, socketPath } = daemon;
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const [, piped] = await Promise.all([
      writeFile(fifo, 'through a pipe'),
      runInn(socketPath, ['cp', fifo, 'hello:/tmp/']),
    ]);
    assert.equal(piped.exitCode, 0, piped.stderr);
    assert.equal((await runInn(socketPath, ['cp', '/dev/stdin', 'hello:/tmp/'], { input: 'typed' })).exitCode, 0);
    assert.equal((await runInn(socketPath, ['cp', '/proc/sys/kernel/ostype', 'hello:/tmp/'])).exitCode, 0);
    assert.deepEqual(puts, ['/tmp/fifo null through a pipe', '/tmp/stdin null typed', '/tmp/ostype null Linux\n']);
    const words = [process.execPath, fileURLToPath(new URL('./main.ts', import.meta.url)), 'cp'];
    const env = { PATH: process.env['PATH'], HOME: '/nonexistent', INNKEEPER_SOCKET: socketPath };
    const script = '"$@" <(printf substituted) hello:/tmp/x';
    const substituted = await resultOf(spawn('bash', ['-c', script, 'bash', ...words], { env }));
    assert.equal(substituted.exitCode, 0, substituted.stderr);
    assert.equal(puts[3], '/tmp/x null substituted');
    const file = join(folder, 'file');
    await writeFile(file, '0123456789');
    const parts: string[] = [];
    for await (const chunk of readFrom(file, 2, 5)) parts.push(Buffer.from(chunk).toString());
    assert.deepEqual(parts, ['234']);
    await assert.rejects(readFrom(file, 10, 11).next(), {
      message: /became shorter while it was read: 10 of 11/,
    });
  });

  it('inn cp removes partial files of killed processes beside its target, and no others', async () => {
    let hangs = true;
    await using daemon = await startFakeDaemon({
      files(_, response) {
        response.writeHead(200, { 'x-innkeeper-size': '9' });
        if (hangs) response.write('some');
        else response.end('text');
      },
    });
    const folder = join(daemon.folder, 'to');
    await mkdir(folder);
    const parts = async () => (await readdir(folder)).filter((name) => name.endsWith('.part'));
    const begin = async (dead?: string) => {
      const child = spawnInn(daemon.socketPath, ['cp', 'hello:/f', folder]);
      await until(async () => (await parts()).some((name) => name !== dead));
      return { child, result: resultOf(child) };
    };
    const killed = await begin();
    killed.child.kill('SIGKILL');
    await killed.result;
    const [dead] = await parts();
    const running = await begin(dead);
    const left = await parts();
    assert.equal(left.length, 1);
    hangs = false;
    assert.equal((await runInn(daemon.socketPath, ['cp', 'hello:/f', folder])).exitCode, 0);
    assert.deepEqual(await parts(), left);
    running.child.kill('SIGTERM');
    await running.result;
    assert.deepEqual(await readdir(folder), ['f']);
  });

  it('inn cp continues an upload of the same file whose process was killed, and compares the whole checksum', async () => {
    const asked: string[] = [];
    const ids = new Set<string | null>();
    await using daemon = await startFakeDaemon({
      async files(request, response, url) {
        ids.add(url.searchParams.get('upload'));
        asked.push(`${request.method} ${url.searchParams.get('offset') ?? ''}`);
        if (request.method === 'HEAD') {
          response.writeHead(200, { 'x-innkeeper-offset': '300000' }).end();
          return;
        }
        const rest = Buffer.concat(await request.toArray());
        const sha256 = createHash('sha256').update(bytes.subarray(0, 300_000)).update(rest).digest('hex');
        response.end(JSON.stringify({ bytes: bytes.length, sha256 }));
      },
    });
    const here = join(daemon.folder, 'file');
    await writeFile(here, bytes);
    const quiet = { exitCode: 0, stdout: '', stderr: '' };
    for (let count = 0; count < 2; count++)
      assert.deepEqual(await runInn(daemon.socketPath, ['cp', here, 'hello:/tmp/']), quiet);
    assert.deepEqual(asked, ['HEAD ', 'PUT 300000', 'HEAD ', 'PUT 300000']);
    assert.equal(ids.size, 1);
    await writeFile(here, Buffer.concat([bytes, bytes]));
    await runInn(daemon.socketPath, ['cp', here, 'hello:/tmp/']);
    assert.equal(ids.size, 2);
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    it(`inn cp removes from the guest what it has uploaded when it ends by ${signal}`, async () => {
      const begun = Promise.withResolvers<string | null>();
      const discarded = Promise.withResolvers<string | null>();
      await using daemon = await startFakeDaemon({
        files(request, response, url) {
          const id = url.searchParams.get('upload');
          if (request.method === 'HEAD') response.end();
          else if (request.method === 'DELETE') {
            discarded.resolve(id);
            response.writeHead(204).end();
          } else request.once('data', () => begun.resolve(id));
        },
      });
      const here = join(daemon.folder, 'file');
      await writeFile(here, Buffer.alloc(8 * 1024 * 1024));
      const child = spawnInn(daemon.socketPath, ['cp', here, 'hello:/tmp/']);
      const result = resultOf(child);
      const id = await begun.promise;
      child.kill(signal);
      assert.equal(await discarded.promise, id);
      await result;
      assert.equal(child.signalCode, signal);
    });

  it('inn cp -r copies a folder as one archive, under its own name or the target’s, and reports what was left out', async () => {
    const asked: string[] = [];
    let archive = Buffer.alloc(0);
    await using daemon = await startFakeDaemon({
      guestFiles: {
        stat({ path }) {
          if (path === '/there') return { kind: FileKind.DIRECTORY };
          throw callError('FILE_NOT_FOUND', 'no');
        },
      },
      async files(request, response, url) {
        asked.push(`${request.method} ${url.searchParams}`);
        if (request.method === 'PUT') {
          archive = Buffer.concat(await request.toArray());
          response.end(JSON.stringify({ bytes: archive.length, files: 2, skipped: ['a\u001b[2Jb'] }));
          return;
        }
        response.writeHead(200, { trailer: 'x-innkeeper-skipped' });
        response.write(archive);
        response.addTrailers({ 'x-innkeeper-skipped': '["x: is a fifo"]' });
        response.end();
      },
    });
    const tree = join(daemon.folder, 'tree');
    await mkdir(tree);
    await writeFile(join(tree, 'file'), 'text');
    const up = await runInn(daemon.socketPath, ['cp', '-r', tree, 'hello:/new/name']);
    assert.deepEqual(up, {
      exitCode: 1,
      stdout: '',
      stderr: 'left out: a·[2Jb\nerror: The copy is incomplete: 1 entry was left out.\n',
    });
    await runInn(daemon.socketPath, ['cp', '-rp', '--owners', tree, 'hello:/there']);
    const back = join(daemon.folder, 'back');
    const down = await runInn(daemon.socketPath, ['cp', '-r', 'hello:/there/tree', back]);
    assert.deepEqual(down, {
      exitCode: 1,
      stdout: '',
      stderr: 'left out: x: is a fifo\nerror: The copy is incomplete: 1 entry was left out.\n',
    });
    assert.equal(await readFile(join(back, 'file'), 'utf8'), 'text');
    assert.deepEqual(asked, [
      'PUT path=%2Fnew',
      'PUT path=%2Fthere&parents=1&owners=1',
      'GET path=%2Fthere%2Ftree&sparse=1&skipped=1',
    ]);
    const piped = await runInn(daemon.socketPath, ['cp', '-r', 'hello:/there/tree', '-']);
    assert.equal(Buffer.from(piped.stdout).length, archive.length);
    const quiet = await runInn(daemon.socketPath, ['-q', 'cp', '-r', 'hello:/there/tree', join(daemon.folder, 'q')]);
    assert.deepEqual(quiet, down);
    await runInn(daemon.socketPath, ['cp', '-r', '-', 'hello:/to'], { input: 'an archive' });
    assert.equal(archive.toString(), 'an archive');
  });

  it('inn cp copies the other files when one of several cannot be copied, names it, and exits with 1', async () => {
    await using daemon = await startFakeDaemon({
      async files(request, response, url) {
        if (request.method === 'HEAD') response.end();
        else if (request.method === 'PUT') {
          const bytes = Buffer.concat(await request.toArray());
          const sha256 = createHash('sha256').update(bytes).digest('hex');
          response.end(JSON.stringify({ bytes: bytes.length, sha256 }));
        } else if (url.searchParams.get('path') === '/none') {
          response.writeHead(404).end(errorBody('FILE_NOT_FOUND', 'no such file'));
        } else response.end('text');
      },
    });
    const { folder, socketPath } = daemon;
    const down = await runInn(socketPath, ['-q', 'cp', 'hello:/none', 'hello:/there', folder]);
    assert.deepEqual(down, {
      exitCode: 1,
      stdout: '',
      stderr: 'left out: /none: no such file\nerror: The copy is incomplete: 1 entry was left out.\n',
    });
    assert.equal(await readFile(join(folder, 'there'), 'utf8'), 'text');
    const up = await runInn(socketPath, ['cp', join(folder, 'none'), join(folder, 'there'), 'hello:/to/']);
    assert.equal(up.exitCode, 1);
    assert.match(up.stderr, /^left out: .*none: ENOENT.*\nerror: The copy is incomplete: 1 entry/);
  });

  it('inn cp refuses wrong combinations of paths and options with exit code 2', async () => {
    for (const words of [
      ['a', 'b'],
      ['one:/a', 'two:/b'],
      ['one:/a'],
      ['one:/a', 'two:/b', 'here'],
      ['-r', '-', 'x', 'one:/to'],
      ['--owners', 'x', 'one:/to'],
    ])
      assert.equal((await runInn('/nonexistent', ['cp', ...words])).exitCode, 2, words.join(' '));
  });
});
