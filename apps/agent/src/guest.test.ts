import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { access, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AgentLink } from '@innkeeper/agent-client';
import type { ProcessSpecSchema } from '@innkeeper/contract/agent';
import { FileServiceLite, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { buildAgent, RunningAgent } from '../testing/running-agent.ts';

const MiB = 1024 * 1024;

before(buildAgent, { timeout: 120_000 });

/** Runs a command until it exits. */
async function run(link: AgentLink, spec: MessageInitShape<typeof ProcessSpecSchema>) {
  const hash = createHash('sha256');
  let [text, bytes, exitCode] = ['', 0, -1];
  for await (const { event } of link.exec(spec).events) {
    if (event.case === 'output') {
      hash.update(event.value.data);
      bytes += event.value.data.length;
      if (text.length < 10_000) text += new TextDecoder().decode(event.value.data);
    }
    if (event.case === 'exited' && event.value.status.case === 'exitCode') exitCode = event.value.status.value;
  }
  return { text, bytes, exitCode, sha256: hash.digest('hex') };
}

async function read(link: AgentLink, path: string, more: Record<string, unknown> = {}): Promise<Buffer> {
  const reading = link.readFile({ path, ...more });
  const pieces: Uint8Array[] = [];
  for await (const chunk of reading.chunks) pieces.push(chunk.slice());
  await reading.done;
  return Buffer.concat(pieces);
}

async function* pieces(content: Uint8Array, from: bigint): AsyncGenerator<Uint8Array> {
  for (let at = Number(from); at < content.length; at += 50_000) yield content.subarray(at, at + 50_000);
}

describe('commands on a real kernel', { timeout: 60_000 }, () => {
  it('commands are found in PATH, also through links', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    await mkdir(join(agent.folder, 'real'));
    await writeFile(join(agent.folder, 'real', 'hello'), '#!/bin/sh\necho "hello $1"\n', { mode: 0o755 });
    await symlink('real', join(agent.folder, 'bin'));
    await symlink('hello', join(agent.folder, 'real', 'greet'));
    const environment = { PATH: `/nowhere:${agent.folder}/bin:/bin:/usr/bin` };
    assert.equal((await run(link, { argv: ['greet', 'you'], environment })).text, 'hello you\n');
    assert.equal((await run(link, { argv: ['uname'] })).text, 'Linux\n');
    await assert.rejects(run(link, { argv: ['no-such-program'] }), { reason: 'COMMAND_NOT_FOUND' });
    await assert.rejects(run(link, { argv: [join(agent.folder, 'real')] }), { reason: 'COMMAND_NOT_EXECUTABLE' });
  });

  it('a command with much output delivers every byte and its exit code', async () => {
    await using agent = await RunningAgent.start();
    const expected = createHash('sha256');
    for (let number = 1; number <= 500_000; number++) expected.update(`${number}\n`);
    const { sha256, exitCode } = await run(agent.connect(), { shellCommand: 'seq 500000; exit 7' });
    assert.deepEqual([sha256, exitCode], [expected.digest('hex'), 7]);
    const peak = await agent.status('VmHWM');
    assert.ok(peak < 6 * 1024, `${peak} KiB`);
  });

  const skip = process.getuid?.() === 0 ? false : 'only root may run commands as others';
  it('commands run as another user with its groups', { skip }, async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    const { text } = await run(link, { argv: ['id', '-u'], user: 'daemon' });
    assert.match(text, /^[1-9]\d*\n$/);
    const groups = await run(link, { argv: ['id', '-G'], user: 'root', noSupplementaryGroups: true });
    assert.equal(groups.text, '0\n');
    await assert.rejects(run(link, { argv: ['id'], user: 'no-such-user' }), { reason: 'USER_NOT_FOUND' });
  });

  it('a command gets a terminal of the requested size', async () => {
    await using agent = await RunningAgent.start();
    const { text } = await run(agent.connect(), { argv: ['stty', 'size'], terminal: { columns: 101, rows: 33 } });
    assert.equal(text, '33 101\r\n');
  });

  it('commands leave no descriptors and no zombies behind', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    await run(link, { argv: ['true'] });
    const descriptors = await agent.openDescriptors();
    for (let count = 0; count < 20; count++) await run(link, { shellCommand: '(true &) ; true' });
    await assert.rejects(run(link, { argv: ['/etc/hostname'] }), { reason: 'COMMAND_NOT_EXECUTABLE' });
    await agent.until(async () => (await agent.openDescriptors()) <= descriptors);
    const tasks = `/proc/${agent.pid}/task/${agent.pid}/children`;
    await agent.until(async () => (await readFile(tasks, 'utf8')) === '');
  });
});

describe('files on a real kernel', { timeout: 60_000 }, () => {
  it('stat reports the kind of each file', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    await writeFile(join(agent.folder, 'file'), 'x');
    await symlink('file', join(agent.folder, 'link'));
    const kinds = await Promise.all(
      ['file', '', 'link', 'a.sock'].map(
        async (name) => (await link.call(FileServiceLite.stat, { path: join(agent.folder, name) })).kind,
      ),
    );
    assert.deepEqual([...kinds, (await link.call(FileServiceLite.stat, { path: '/dev/null' })).kind], [1, 2, 3, 7, 4]);
    assert.equal((await link.call(FileServiceLite.stat, { path: join(agent.folder, 'link'), follow: true })).kind, 1);
  });

  it('uploads and downloads are complete and stay within 6 MiB of memory', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    const content = randomBytes(24 * MiB);
    const path = join(agent.folder, 'deep', 'big');
    const done = await link.writeFile(
      { path, createParents: true, mode: 0o640, sha256: true, uploadId: 'one' },
      (from) => pieces(content, from),
    );
    assert.equal(Buffer.from(done.sha256).toString('hex'), createHash('sha256').update(content).digest('hex'));
    assert.equal((await stat(path)).mode & 0o777, 0o640);
    assert.ok(content.equals(await read(link, path)));
    const [peak, after] = [await agent.status('VmHWM'), await agent.status('VmRSS')];
    assert.ok(peak <= 6 * 1024 && after <= 6 * 1024, `${peak} and ${after} KiB`);
  });

  it('an upload that was cut off resumes and is complete', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    const content = randomBytes(MiB);
    const open = { path: join(agent.folder, 'big'), uploadId: 'one', resume: true, sha256: true };
    const cut = async function* (from: bigint): AsyncGenerator<Uint8Array> {
      for await (const piece of pieces(content.subarray(0, 600_000), from)) yield piece;
      throw new Error('the source failed');
    };
    await assert.rejects(link.writeFile(open, cut), /the source failed/);
    await assert.rejects(access(open.path));
    const starts: bigint[] = [];
    const done = await link.writeFile(open, (from) => {
      starts.push(from);
      return pieces(content, from);
    });
    assert.ok((starts[0] ?? 0n) > 0n, `${starts}`);
    assert.equal(Buffer.from(done.sha256).toString('hex'), createHash('sha256').update(content).digest('hex'));
    assert.ok(content.equals(await readFile(open.path)));
  });

  it('files in /proc are read completely, though their size is 0', async () => {
    await using agent = await RunningAgent.start();
    const content = await read(agent.connect(), '/proc/cpuinfo');
    assert.match(content.toString(), /processor/);
  });

  it('files behind a link are refused if the caller forbids links', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    await mkdir(join(agent.folder, 'real'));
    await writeFile(join(agent.folder, 'real', 'file'), 'secret');
    await symlink('real', join(agent.folder, 'link'));
    const path = join(agent.folder, 'link', 'file');
    assert.equal((await read(link, path)).toString(), 'secret');
    await assert.rejects(read(link, path, { noSymlinks: true }), { reason: 'FILE_SYMLINK_REFUSED' });
    const open = { path: join(agent.folder, 'link', 'new'), noSymlinks: true };
    await assert.rejects(
      link.writeFile(open, () => pieces(Buffer.from('x'), 0n)),
      { reason: 'FILE_SYMLINK_REFUSED' },
    );
    await assert.rejects(access(join(agent.folder, 'real', 'new')));
  });

  it('opening a FIFO never blocks the agent', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    const path = join(agent.folder, 'fifo');
    assert.equal((await run(link, { argv: ['mkfifo', path] })).exitCode, 0);
    await assert.rejects(read(link, path), { reason: 'INVALID_ARGUMENT' });
    await link.ping();
  });
});

describe('telemetry of a real kernel', { timeout: 60_000 }, () => {
  it('telemetry reports what the kernel reports', async () => {
    await using agent = await RunningAgent.start();
    const report = await agent.connect().call(TelemetryServiceLite.watch, { once: true });
    const total = /MemTotal:\s+(\d+)/.exec(await readFile('/proc/meminfo', 'utf8'))?.[1];
    assert.equal(report.memory?.totalBytes, BigInt(total ?? 0) * 1024n);
    assert.ok((report.cpu?.busyPercent ?? -1) >= 0 && (report.cpu?.busyPercent ?? 101) <= 100);
    assert.ok(report.mounts.length > 0 && report.interfaces.some(({ name }) => name === 'lo'));
    assert.ok((report.agent?.rssBytes ?? 0n) > 0n);
  });
});
