import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { openPortChannel } from './port-channel.ts';

describe('openPortChannel()', () => {
  let directory: string;
  let server: Server;
  let path: string;
  let peer: Promise<Socket>;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'port-channel-'));
    path = join(directory, 's');
    server = createServer({ pauseOnConnect: true });
    peer = new Promise((resolve) => server.once('connection', resolve));
    await new Promise<void>((resolve) => server.listen(path, resolve));
  });

  afterEach(async () => {
    (await peer).destroy();
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true });
  });

  it('a port’s channel reads no faster than its reader', async () => {
    await using channel = await openPortChannel(path, 'port');
    const socket = await peer;
    const megabyte = Buffer.alloc(1024 * 1024, 'x');
    let flushed = false;
    socket.write(megabyte, () => {
      flushed = true;
    });
    const first = (await channel.read()) ?? assert.fail('the end');
    assert.ok(first.length <= 64 * 1024);
    // The rest does not fit into the kernel's buffers, and nothing reads.
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(flushed, false);
    let count = first.length;
    while (count < megabyte.length) count += (await channel.read())?.length ?? assert.fail('the end');
  });

  it('a port’s channel returns plain byte arrays, whose slice is a copy', async () => {
    await using channel = await openPortChannel(path, 'port');
    (await peer).write('a');
    assert.equal(Buffer.isBuffer(await channel.read()), false);
  });

  it('a port’s channel returns the bytes sent before the peer left, then the end', async () => {
    await using channel = await openPortChannel(path, 'port');
    (await peer).end('last words');
    let text = '';
    for (let bytes = await channel.read(); bytes !== undefined; bytes = await channel.read()) {
      text += Buffer.from(bytes).toString();
    }
    assert.equal(text, 'last words');
    assert.equal(await channel.read(), undefined);
  });

  it('a port’s channel ends reads and fails writes when the connection breaks', async () => {
    let closed = 0;
    const channel = await openPortChannel(path, 'port', { onClosed: () => closed++ });
    const read = channel.read();
    const write = channel.write(Buffer.alloc(8 * 1024 * 1024));
    (await peer).destroy();
    await assert.rejects(write);
    assert.equal(await read, undefined);
    await channel.close();
    assert.equal(closed, 1);
  });

  it('a port’s channel refuses a second reader', async () => {
    await using channel = await openPortChannel(path, 'port');
    const read = channel.read();
    await assert.rejects(channel.read(), /only one read may be pending/);
    (await peer).write('a');
    assert.equal((await read)?.length, 1);
  });

  it('opening a port’s channel rejects without a listener, and after an abort', async () => {
    await assert.rejects(openPortChannel(`${path}-not`, 'port'), { code: 'ENOENT' });
    await assert.rejects(openPortChannel(path, 'port', { signal: AbortSignal.abort(new Error('no')) }), /no/);
    await using _channel = await openPortChannel(path, 'port');
  });
});
