import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { type FakeAgent, startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';
import type { ManualClock } from '../fake/manual-clock.ts';
import { openOptions } from './open-options.ts';

const { read, stat } = FileServiceLite;

async function readAll({ node }: FakeAgent<ManualClock>, request: object) {
  const call = await node.open(read, request);
  const chunks = call.messages.flatMap(({ event }) => (event.case === 'chunk' ? [event.value] : []));
  const done = call.messages.flatMap(({ event }) => (event.case === 'done' ? [event.value] : []))[0];
  return { reason: call.reason, data: Buffer.concat(chunks.map(({ data }) => data)), chunks, done };
}

describe('Read', () => {
  it('Read streams the whole file with chunk offsets and its hash', async () => {
    const agent = await startFakeAgent();
    const content = Buffer.from(Array.from({ length: 150_000 }, (_, at) => at % 251));
    agent.host.files.put('/tmp/f', content);
    const { data, chunks, done, reason } = await readAll(agent, { path: '/tmp/f', sha256: true });
    assert.equal(reason, '');
    assert.ok(content.equals(data));
    assert.deepEqual(
      chunks.map(({ offset }) => offset),
      [0n, 61_440n, 122_880n],
    );
    assert.equal(done?.bytes, 150_000n);
    assert.deepEqual(Buffer.from(done?.sha256 ?? []), createHash('sha256').update(content).digest());
  });

  it('Read streams a part of a file, and nothing beyond its end', async () => {
    const agent = await startFakeAgent();
    agent.host.files.put('/tmp/f', '0123456789');
    const part = async (range: object): Promise<string> =>
      (await readAll(agent, { path: '/tmp/f', ...range })).data.toString();
    assert.equal(await part({ offset: 3n, length: 4n }), '3456');
    assert.equal(await part({ offset: 8n, length: 400n }), '89');
    assert.equal(await part({ offset: 10n }), '');
    assert.equal(await part({ offset: 1n << 40n }), '');
  });

  it('Read returns all of a file in /proc, whose size is 0', async () => {
    const agent = await startFakeAgent();
    const { data, done } = await readAll(agent, { path: '/proc/loadavg' });
    assert.equal(data.toString(), '0.10 0.20 0.30 1/80 400\n');
    assert.equal(done?.bytes, 24n);
  });

  it('Read fails with FILE_CHANGED if the file is truncated meanwhile', async () => {
    const agent = await startFakeAgent();
    const { host, node } = agent;
    host.files.put('/tmp/f', new Uint8Array(300_000));
    const call = await node.open(read, { path: '/tmp/f' }, { credit: 1 });
    host.files.put('/tmp/g', '');
    const file = host.files.open('/tmp/f', openOptions({ access: 'write' }));
    host.files.truncate(file, 70_000);
    file.close();
    await call.grant(1_000_000);
    assert.equal(call.reason, 'FILE_CHANGED');
  });

  it('Read follows a file that grows meanwhile', async () => {
    const agent = await startFakeAgent();
    agent.host.files.put('/tmp/log', new Uint8Array(100_000));
    const call = await agent.node.open(read, { path: '/tmp/log' }, { credit: 1 });
    const file = agent.host.files.open('/tmp/log', openOptions({ access: 'write', append: true }));
    agent.host.files.writeNext(file, new Uint8Array(5));
    file.close();
    await call.grant(1_000_000);
    const last = call.messages.at(-1)?.event;
    assert.deepEqual([call.reason, last?.case === 'done' && last.value.bytes], ['', 100_005n]);
  });

  it('Read refuses invalid requests, each with its reason, and leaves nothing open', async () => {
    const agent = await startFakeAgent();
    const { files } = agent.host;
    files.put('/tmp/real/f', 'x');
    files.putLink('/tmp/link', '/tmp/real');
    files.putLink('/tmp/loop', '/tmp/loop');
    files.putSpecial('/tmp/fifo', 'fifo');
    files.putSpecial('/tmp/socket', 'socket');
    const refusals: readonly (readonly [object, string])[] = [
      [{ path: '' }, 'INVALID_PATH'],
      [{ path: 'tmp/f' }, 'INVALID_PATH'],
      [{ path: '/tmp/../etc/passwd' }, 'INVALID_PATH'],
      [{ path: '/tmp/f\0' }, 'INVALID_PATH'],
      [{ path: `/${'a'.repeat(4096)}` }, 'INVALID_PATH'],
      [{ path: `/${'€'.repeat(1400)}` }, 'INVALID_PATH'],
      [{ path: '/tmp/none' }, 'FILE_NOT_FOUND'],
      [{ path: '/tmp' }, 'FILE_IS_DIRECTORY'],
      [{ path: '/tmp/real/f/x' }, 'FILE_NOT_DIRECTORY'],
      [{ path: '/tmp/fifo' }, 'INVALID_ARGUMENT'],
      [{ path: '/tmp/socket' }, 'INVALID_ARGUMENT'],
      [{ path: '/tmp/loop' }, 'FILE_SYMLINK_REFUSED'],
      [{ path: '/tmp/link/f', noSymlinks: true }, 'FILE_SYMLINK_REFUSED'],
      [{ path: '/tmp/real/f', offset: (1n << 64n) - 1n }, 'INVALID_ARGUMENT'],
      [{ path: '/tmp/real/f', offset: 1n, length: (1n << 53n) - 1n }, 'INVALID_ARGUMENT'],
    ];
    for (const [request, reason] of refusals)
      assert.equal((await readAll(agent, request)).reason, reason, JSON.stringify(request, String));
    assert.equal((await readAll(agent, { path: '/tmp/link/f' })).data.toString(), 'x');
    assert.equal(files.openCount, 0);
  });

  it('Read ends with an error where a device or a file of the kernel has no end, unless a part is asked for', async () => {
    const agent = await startFakeAgent();
    const { files } = agent.host;
    files.putSpecial('/tmp/zero', 'character');
    files.putFolder('/proc');
    files.put('/proc/kcore', () => 'x');
    files.figures.set('/proc/kcore', { totalBytes: 0 });
    const endless = { ...files.stat('/proc/kcore', false), sizeBytes: 2 ** 47 };
    files.statHandle = () => endless;
    const whole = await readAll(agent, { path: '/proc/kcore' });
    assert.deepEqual([whole.reason, whole.data.length], ['FILE_ENDLESS', 0]);
    assert.equal((await readAll(agent, { path: '/proc/kcore', length: 1n })).reason, '');
    files.statHandle = () => ({ ...endless, type: 'character', sizeBytes: 0 });
    let sent = 0;
    files.readNext = (_, into) => {
      // Without sending that much: the count is that of a long read.
      sent++;
      return sent < 3 ? into.length : 0;
    };
    assert.equal((await readAll(agent, { path: '/tmp/zero' })).reason, '');
    assert.equal(files.openCount, 0);
  });

  it('Read closes the file when the caller cancels', async () => {
    const agent = await startFakeAgent();
    agent.host.files.put('/tmp/f', new Uint8Array(300_000));
    const call = await agent.node.open(read, { path: '/tmp/f' }, { credit: 1 });
    assert.equal(agent.host.files.openCount, 1);
    await call.cancel();
    assert.deepEqual([call.reason, agent.host.files.openCount], ['CANCELED', 0]);
  });
});

describe('Stat', () => {
  it('Stat reports names of owners where the guest has them, and a link as a link', async () => {
    const host = new FakeHost();
    host.files.put('/tmp/f', 'abc', { mode: 0o4750, uid: 1000, gid: 77 });
    host.files.putLink('/tmp/link', 'f');
    const { node } = await startFakeAgent(host);
    const [file] = (await node.open(stat, { path: '/tmp/f' })).messages;
    assert.deepEqual(
      [file?.kind, file?.sizeBytes, file?.mode, file?.user, file?.group, file?.gid],
      [1, 3n, 0o4750, 'ana', '', 77],
    );
    const [link] = (await node.open(stat, { path: '/tmp/link' })).messages;
    assert.deepEqual([link?.kind, link?.symlinkTarget], [3, 'f']);
    const [followed] = (await node.open(stat, { path: '/tmp/link', follow: true })).messages;
    assert.deepEqual([followed?.kind, followed?.symlinkTarget], [1, '']);
    assert.equal((await node.open(stat, { path: 'relative' })).reason, 'INVALID_PATH');
  });
});
