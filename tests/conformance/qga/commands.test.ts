import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';
import { buildAgent, isSlowedAgent, RunningAgent } from '../../../apps/agent/testing/running-agent.ts';
import { QgaSocket } from './qga-socket.ts';

interface ExecStatus {
  readonly exited: boolean;
  readonly exitcode?: number;
  readonly signal?: number;
  readonly 'out-data'?: string;
  readonly 'out-truncated'?: boolean;
  readonly 'err-data'?: string;
}

before(buildAgent, { timeout: 120_000 });

describe('QGA of the agent', { timeout: 300_000 }, () => {
  let agent: RunningAgent;
  before(async () => {
    agent = await RunningAgent.start();
  });
  after(() => agent[Symbol.asyncDispose]());

  const run = async (qga: QgaSocket, path: string, more: object = {}): Promise<ExecStatus> => {
    const { pid } = await qga.call<{ pid: number }>('guest-exec', { path, 'capture-output': true, ...more });
    let status: ExecStatus | undefined;
    await until(async () => {
      status = await qga.call<ExecStatus>('guest-exec-status', { pid });
      return status.exited;
    });
    await assert.rejects(qga.call('guest-exec-status', { pid }), { message: `PID ${pid} does not exist` });
    assert.ok(status !== undefined);
    return status;
  };
  const text = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString();

  it('guest-sync returns the largest and smallest integers exactly', async () => {
    await using qga = await QgaSocket.open(agent.socket);
    for (const id of ['9223372036854775807', '-9223372036854775808', '0'])
      assert.equal(
        await qga.ask(`{"execute":"guest-sync","arguments":{"id":${id}},"id":${id}}`),
        `{"return": ${id}, "id": ${id}}`,
      );
  });

  it('guest-exec runs a program with its whole environment, input and both outputs', async () => {
    await using qga = await QgaSocket.open(agent.socket);
    const input = Buffer.from('given ').toString('base64');
    const status = await run(qga, '/bin/sh', {
      arg: ['-c', 'cat; echo "$A-$HOME"; echo oops >&2; exit 3'],
      env: ['A=b'],
      'input-data': input,
    });
    assert.equal(status.exitcode, 3);
    assert.deepEqual([text(status['out-data']), text(status['err-data'])], ['given b-\n', 'oops\n']);
    assert.equal(status['out-truncated'], false);
  });

  it('guest-exec finds programs, reports signals, merges outputs, and says why a program cannot start', async () => {
    await using qga = await QgaSocket.open(agent.socket);
    assert.equal((await run(qga, 'true')).exitcode, 0);
    assert.equal((await run(qga, '/bin/sh', { arg: ['-c', 'kill -9 $$'] })).signal, 9);
    const merged = await run(qga, '/bin/sh', { arg: ['-c', 'echo a; echo b >&2'], 'capture-output': 'merged' });
    assert.deepEqual([...text(merged['out-data']).split('\n')].sort(), ['', 'a', 'b']);
    await assert.rejects(qga.call('guest-exec', { path: '/nope' }), {
      message: 'Failed to execute child process “/nope” (No such file or directory)',
    });
    await assert.rejects(qga.call('guest-exec', { path: '/etc/passwd' }), {
      message: 'Failed to execute child process “/etc/passwd” (Permission denied)',
    });
  });

  it('guest-exec ends although a process in the background still has its output open', async () => {
    await using qga = await QgaSocket.open(agent.socket);
    const startMs = performance.now();
    const status = await run(qga, '/bin/sh', { arg: ['-c', 'sleep 30 & echo hi'] });
    assert.equal(text(status['out-data']), 'hi\n');
    assert.ok(performance.now() - startMs < 20_000);
  });

  it('guest-exec keeps 16 MiB of each output, says that it is cut, and its result outlives the connection', async () => {
    let pid = 0;
    {
      await using qga = await QgaSocket.open(agent.socket);
      const arg = ['-c', 'yes innkeeper | head -c 17000000'];
      ({ pid } = await qga.call<{ pid: number }>('guest-exec', { path: '/bin/sh', arg, 'capture-output': true }));
    }
    await using qga = await QgaSocket.open(agent.socket);
    let status: ExecStatus | undefined;
    await until(async () => {
      status = await qga.call<ExecStatus>('guest-exec-status', { pid });
      return status.exited;
    });
    assert.equal(Buffer.from(status?.['out-data'] ?? '', 'base64').length, 16 * 1024 * 1024);
    assert.equal(status?.['out-truncated'], true);
  });

  it('a handle of a file reads, seeks, writes and outlives its connection', async () => {
    const path = join(agent.folder, 'file');
    let handle = 0;
    {
      await using qga = await QgaSocket.open(agent.socket);
      handle = await qga.call('guest-file-open', { path, mode: 'w+' });
      assert.ok(handle >= 1000);
    }
    await using qga = await QgaSocket.open(agent.socket);
    const content = Buffer.from('0123456789');
    assert.deepEqual(await qga.call('guest-file-write', { handle, 'buf-b64': content.toString('base64'), count: 8 }), {
      count: 8,
      eof: false,
    });
    assert.deepEqual(await qga.call('guest-file-seek', { handle, offset: -3, whence: 'end' }), {
      position: 5,
      eof: false,
    });
    assert.equal(
      await qga.ask(`{"execute":"guest-file-read","arguments":{"handle":${handle},"count":10}}`),
      '{"return": {"count": 3, "buf-b64": "NTY3", "eof": true}}',
    );
    await qga.call('guest-file-flush', { handle });
    await qga.call('guest-file-close', { handle });
    assert.equal(await readFile(path, 'utf8'), '01234567');
    assert.equal((await stat(path)).mode & 0o777, 0o666);
    await assert.rejects(qga.call('guest-file-read', { handle }), { message: `handle '${handle}' has not been found` });
  });

  it('refusals of files have the words of qemu-ga', async () => {
    await using qga = await QgaSocket.open(agent.socket);
    const handle = await qga.call<number>('guest-file-open', { path: '/etc' });
    for (const [execute, parameters, message] of [
      ['guest-file-open', { path: '/nope' }, "failed to open file '/nope' (mode: 'r'): No such file or directory"],
      ['guest-file-open', { path: '/nope', mode: 'zz' }, "invalid file open mode 'zz'"],
      ['guest-file-read', { handle }, 'failed to read file: Is a directory'],
      ['guest-file-read', { handle, count: 50_331_649 }, "value '50331649' is invalid for argument count"],
      ['guest-file-write', { handle, 'buf-b64': 'YQ==' }, 'failed to write to file: Bad file descriptor'],
      ['guest-file-write', { handle, 'buf-b64': 'Y@==' }, 'Base64 data contains invalid characters'],
      ['guest-file-write', { handle, 'buf-b64': 'YQ==', count: 5 }, "value '5' is invalid for argument count"],
      ['guest-file-seek', { handle, offset: -5, whence: 0 }, 'failed to seek file: Invalid argument'],
      ['guest-file-seek', { handle, offset: 5, whence: 7 }, 'invalid whence code 7'],
      ['guest-file-seek', { handle, offset: 5, whence: 'foo' }, "Parameter 'whence' does not accept value 'foo'"],
    ] as const)
      await assert.rejects(qga.call(execute, parameters), { message }, execute);
    await qga.call('guest-file-close', { handle });
  });

  it('48 MiB are written by one request and read by one, and the agent takes at most 8 MB', {
    skip: isSlowedAgent ? 'memory is measured with the agent as it is released' : false,
  }, async () => {
    const path = join(agent.folder, 'large');
    const content = Buffer.alloc(48 * 1024 * 1024);
    for (let at = 0; at < content.length; at += 4) content.writeUInt32LE(at, at);
    await using qga = await QgaSocket.open(agent.socket);
    const written = await qga.call<number>('guest-file-open', { path, mode: 'w' });
    const base64 = content.toString('base64');
    assert.equal(
      await qga.ask(`{"execute":"guest-file-write","arguments":{"buf-b64":"${base64}","handle":${written}}}`),
      `{"return": {"count": ${content.length}, "eof": false}}`,
    );
    await qga.call('guest-file-close', { handle: written });
    assert.ok(content.equals(await readFile(path)));
    const handle = await qga.call<number>('guest-file-open', { path });
    const answer = await qga.ask(
      `{"execute":"guest-file-read","arguments":{"handle":${handle},"count":${content.length}},"id":7}`,
    );
    assert.equal(answer, `{"return": {"buf-b64": "${base64}", "count": ${content.length}, "eof": false}, "id": 7}`);
    await qga.call('guest-file-close', { handle });
    assert.ok((await agent.status('VmHWM')) <= 8000, `${await agent.status('VmHWM')} KiB`);
  });

  it('base64 with escaped slashes and line breaks, as other programs write it, is decoded', async () => {
    const path = join(agent.folder, 'escaped');
    await writeFile(path, '');
    await using qga = await QgaSocket.open(agent.socket);
    const handle = await qga.call<number>('guest-file-open', { path, mode: 'r+b' });
    const content = Buffer.from('fbffbffbefbe', 'hex');
    const escapes: Readonly<Record<string, string>> = { '/': '\\/', '+': '\\u002b' };
    const chars = [...content.toString('base64')].map((char) => escapes[char] ?? char);
    const base64 = [...chars.slice(0, 3), '\\n', ...chars.slice(3)].join('');
    const request = `{"execute":"guest-file-write","arguments":{"handle":${handle},"buf-b64":"${base64}"}}`;
    assert.equal(await qga.ask(request), '{"return": {"count": 6, "eof": false}}');
    assert.ok(content.equals(await readFile(path)));
  });

  it('the system is described as this machine is', async () => {
    await using qga = await QgaSocket.open(agent.socket);
    assert.deepEqual(await qga.call('guest-get-host-name'), { 'host-name': hostname() });
    const time = Number(await qga.call('guest-get-time'));
    assert.ok(Math.abs(time / 1e6 - Date.now()) < 60_000);
    const cpus = await qga.call<{ 'logical-id': number }[]>('guest-get-vcpus');
    const stats = await qga.call<{ cpu: number; user: number }[]>('guest-get-cpustats');
    assert.deepEqual(
      stats.map(({ cpu }) => cpu),
      cpus.map((cpu) => cpu['logical-id']),
    );
    assert.ok(stats.every(({ user }) => user > 0));
    const names = (await qga.call<{ name: string }[]>('guest-network-get-interfaces')).map(({ name }) => name);
    assert.ok(names.includes('lo'));
    for (const name of [
      'guest-get-load',
      'guest-get-osinfo',
      'guest-get-timezone',
      'guest-get-users',
      'guest-get-fsinfo',
      'guest-get-disks',
      'guest-get-diskstats',
      'guest-network-get-route',
      'guest-get-memory-blocks',
    ])
      assert.notEqual(await qga.call(name), undefined, name);
  });

  it('all 43 commands of Linux are there', async () => {
    await using qga = await QgaSocket.open(agent.socket);
    const { supported_commands: commands } = await qga.call<{
      supported_commands: { name: string; enabled: boolean; 'success-response': boolean }[];
    }>('guest-info');
    assert.equal(new Set(commands.map(({ name }) => name)).size, 43);
    assert.ok(commands.every(({ enabled }) => enabled));
    assert.deepEqual(
      commands
        .filter((command) => !command['success-response'])
        .map(({ name }) => name)
        .sort(),
      ['guest-shutdown', 'guest-suspend-disk', 'guest-suspend-hybrid', 'guest-suspend-ram'],
    );
  });
});
