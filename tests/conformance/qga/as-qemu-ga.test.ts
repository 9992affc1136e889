import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';
import { agentBinary, buildAgent } from '../../../apps/agent/testing/running-agent.ts';
import { QgaSocket } from './qga-socket.ts';

describe('the agent called as qemu-ga', { timeout: 120_000 }, () => {
  let folder = '';
  let program = '';
  before(
    async () => {
      await buildAgent();
      folder = await mkdtemp(join(tmpdir(), 'as-qemu-ga-'));
      program = join(folder, 'qemu-ga');
      await symlink(agentBinary, program);
    },
    { timeout: 180_000 },
  );
  after(() => rm(folder, { recursive: true }));

  /** With an empty environment. */
  const start = (words: readonly string[]): ChildProcess =>
    spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], env: {} });
  const run = async (...words: readonly string[]) => {
    const child = start(words);
    const [stdout, stderr, [code]] = await Promise.all([
      child.stdout?.toArray() ?? [],
      child.stderr?.toArray() ?? [],
      once(child, 'close'),
    ]);
    return { code: code as number, stdout: stdout.join(''), stderr: stderr.join('') };
  };

  it('qemu-ga prints its version, its commands and its settings', async () => {
    assert.deepEqual(await run('-V'), { code: 0, stdout: 'QEMU Guest Agent 10.2.2\n', stderr: '' });
    assert.equal((await run('--qga-version=9.9', '-V')).stdout, 'QEMU Guest Agent 9.9\n');
    const { stdout } = await run('-b', 'help');
    assert.equal(stdout.trim().split('\n').length, 43);
    const conf = join(folder, 'conf');
    await writeFile(conf, '[general]\nmethod=unix-listen\npath=/from/file\nblock-rpcs=guest-exec\n');
    const dump = await run('-c', conf, '-p', '/from/words', '-b', 'guest-ping', '-D');
    assert.match(dump.stdout, /^method=unix-listen\npath=\/from\/words$/m);
    assert.match(dump.stdout, /^block-rpcs=guest-exec;guest-ping;$/m);
  });

  it('qemu-ga ends with 1 and a critical line when it cannot start', async () => {
    const { code, stderr } = await run('-m', 'virtio-serial', '-p', '/nope/x');
    const plainFile = join(folder, 'not-a-terminal');
    await writeFile(plainFile, '');
    assert.equal(code, 1);
    assert.match(stderr, /^\d+\.\d{6}: critical: error opening channel '\/nope\/x'/);
    assert.equal((await run('-c', '/nope')).code, 1);
    assert.equal((await run('-x')).code, 1);
    assert.match((await run('-m', 'isa-serial', '-p', plainFile)).stderr, /critical: error opening channel/);
    assert.match((await run('-m', 'vsock-listen', '-p', 'nonsense')).stderr, /'nonsense' is not an address/);
    assert.match(
      (await run('-m', 'smoke-signals', '-p', '/x')).stderr,
      /unsupported channel method\/type: smoke-signals/,
    );
  });

  it('qemu-ga serves a serial line byte by byte, without echo and without changing line ends', async () => {
    // script(1) gives the agent a terminal, whose other side is its own input and output.
    const line = spawn('script', ['-q', '-c', `exec ${program} -m isa-serial -p $(tty) -t ${folder}`, '/dev/null'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let output = '';
    line.stdout.setEncoding('latin1').on('data', (text: string) => {
      output += text;
    });
    const ended = once(line, 'close');
    try {
      // Until the agent has made it raw, the terminal echoes what is written.
      await until(async () => {
        line.stdin.write('{"execute":"guest-ping"}\n');
        return output.includes('{"return": {}}');
      });
      const id = 'a\rb\nc\x03\x04';
      const from = output.length;
      line.stdin.write(`\n${JSON.stringify({ execute: 'guest-sync-delimited', arguments: { id: 77 }, id })}\n`);
      const answer = '\xff{"return": 77, "id": "a\\rb\\nc\\u0003\\u0004"}\n';
      await until(() => Promise.resolve(output.slice(from).includes(answer)), { what: 'the answer' });
    } finally {
      line.kill('SIGKILL');
      await ended;
    }
  });

  it('qemu-ga listens on vsock where the kernel has it', async (test) => {
    const child = start(['-m', 'vsock-listen', '-p', '-1:7788', '-t', folder]);
    const ended = once(child, 'close');
    try {
      if ((await readFile('/proc/net/protocols', 'utf8')).includes('AF_VSOCK'))
        await until(() => hasSocket(child.pid ?? 0), { what: 'a socket of vsock' });
      else test.skip('this kernel has no vsock');
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
    assert.equal(child.exitCode, 0);
  });

  it('qemu-ga serves a socket with an empty environment and a silent standard error, keeps its counter of handles, and ends with 0 at SIGTERM', async () => {
    const socket = join(folder, 'sock');
    const words = ['-m', 'unix-listen', '-p', socket, '-t', folder, '-b', 'guest-exec', '--qga-version=8.8'];
    for (const handle of [1000, 1001]) {
      const child = start(words);
      await until(async () => {
        try {
          await using qga = await QgaSocket.open(socket);
          await qga.call('guest-ping');
          return true;
        } catch {
          return false;
        }
      });
      {
        await using qga = await QgaSocket.open(socket);
        const { version } = await qga.call<{ version: string }>('guest-info');
        assert.equal(version, '8.8');
        assert.equal(await qga.call('guest-file-open', { path: '/etc/passwd' }), handle);
        await assert.rejects(qga.call('guest-exec', { path: 'true' }), { message: /has been disabled/ });
      }
      const closed = Promise.all([child.stderr?.toArray() ?? [], once(child, 'close')]);
      child.kill('SIGTERM');
      const [stderr, [code]] = await closed;
      assert.deepEqual([stderr.join(''), code], ['', 0]);
    }
    assert.equal(await readFile(join(folder, 'qga.state'), 'utf8'), '[global]\nfd_counter=1002\n');
  });
});

async function hasSocket(pid: number): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all((await readdir(folder)).map((fd) => readlink(join(folder, fd)).catch(() => '')));
  return links.some((link) => link.startsWith('socket:'));
}
