import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';
import { parseCommandLine } from './command-line.ts';

const program = join(import.meta.dirname, '../main.ts');

interface Running {
  readonly exit: Promise<number | null>;
  readonly pid: number;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
}

function serve(data: string, options: readonly string[] = []): Running {
  const child = spawn(process.execPath, [program, 'serve', '--data', data, ...options], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  const exit = once(child, 'close').then(([code]) => code as number | null);
  return { exit, pid: child.pid ?? 0, stderr: () => text, kill: (signal) => void child.kill(signal) };
}

async function serving(daemon: Running): Promise<void> {
  const gone = daemon.exit.then(() => assert.fail(daemon.stderr()));
  await Promise.race([gone, until(() => daemon.stderr().includes('serves on'), { what: daemon.stderr })]);
}

async function getNode(data: string): Promise<{ pid?: number }> {
  const call = request({
    socketPath: join(data, 'innkeeper.sock'),
    method: 'POST',
    path: '/innkeeper.control.v1.NodeService/GetNode',
    headers: { 'content-type': 'application/json' },
  });
  call.end('{}');
  const [response] = await once(call, 'response');
  let body = '';
  for await (const chunk of response) body += chunk;
  return JSON.parse(body);
}

describe('innkeeper serve', () => {
  it('is private, alone in its folder, takes over from a killed one and ends with 0', async () => {
    const data = await mkdtemp(join(tmpdir(), 'innkeeper-serve-'));
    try {
      const first = serve(data);
      await serving(first);
      assert.equal((await stat(join(data, 'innkeeper.sock'))).mode & 0o777, 0o600);
      assert.equal((await stat(data)).mode & 0o777, 0o700);
      const second = serve(data);
      assert.equal(await second.exit, 1);
      assert.match(second.stderr(), new RegExp(`process ${first.pid}\\b`));
      first.kill('SIGKILL');
      await first.exit;
      const third = serve(data);
      await serving(third);
      assert.equal((await getNode(data)).pid, third.pid);
      third.kill('SIGTERM');
      assert.equal(await third.exit, 0);
      assert.match(third.stderr(), /no VM is running/);
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });
});

describe('innkeeper serve without the database of its folder', () => {
  it('refuses to start and touches nothing, names --adopt-data, and takes over with it', async () => {
    const data = await mkdtemp(join(tmpdir(), 'innkeeper-serve-'));
    try {
      const image = join(data, 'images/mine');
      await mkdir(join(image, 'made-a'), { recursive: true });
      await writeFile(join(image, 'made-a/original.raw'), Buffer.alloc(1024));
      const row = { name: 'mine', format: 'raw', path: 'images/mine/made-a/original.raw', virtual_bytes: 1024 };
      await writeFile(join(image, 'image.json'), JSON.stringify({ ...row, sha256: '', added_ms: 1 }));
      for (const database of [undefined, '']) {
        if (database !== undefined) await writeFile(join(data, 'innkeeper.db'), database);
        const refused = serve(data);
        assert.equal(await refused.exit, 1);
        assert.match(refused.stderr(), /holds 1 image and no VMs.*Nothing was changed.*--adopt-data/);
        assert.ok(existsSync(join(image, 'made-a/original.raw')));
      }
      const adopted = serve(data, ['--adopt-data']);
      await serving(adopted);
      assert.match(adopted.stderr(), /data\.adopted/);
      adopted.kill('SIGTERM');
      assert.equal(await adopted.exit, 0);
      const after = serve(data);
      await serving(after);
      after.kill('SIGTERM');
      await after.exit;
      assert.ok(existsSync(join(image, 'made-a/original.raw')));
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });

  it('says that a data folder cannot be used: a file in its place, or a database that is a FIFO', async () => {
    const data = await mkdtemp(join(tmpdir(), 'innkeeper-serve-'));
    try {
      await writeFile(join(data, 'images'), 'a file');
      const refused = serve(data);
      assert.equal(await refused.exit, 1);
      assert.match(refused.stderr(), /data folder .* cannot be used/);
      await rm(join(data, 'images'));
      execFileSync('mkfifo', [join(data, 'innkeeper.db')]);
      const fifo = serve(data);
      assert.equal(await fifo.exit, 1);
      assert.match(fifo.stderr(), /innkeeper\.db is not a regular file/);
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });
});

describe('parseCommandLine()', () => {
  it('knows serve and its options, and refuses the rest', () => {
    assert.equal(parseCommandLine(['--help'], {}), undefined);
    assert.equal(parseCommandLine(['serve', '--data', '/d'], {})?.dataPath, '/d');
    assert.equal(parseCommandLine(['serve'], { XDG_DATA_HOME: '/x' })?.dataPath, '/x/innkeeper');
    assert.throws(() => parseCommandLine([], {}), /"serve"/);
    assert.throws(() => parseCommandLine(['serve', '--nonsense'], {}));
    assert.throws(() => parseCommandLine(['serve', '--log-level', 'loud'], {}), /log-level/);
  });
});
