import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openUnixChannel } from './unix-channel.ts';

let folder = '';
let path = '';
let server: Server;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'unix-channel-'));
  path = join(folder, 's');
  server = createServer();
  server.listen(path);
  await once(server, 'listening');
});
after(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

/** A channel and the other end of it. */
async function open() {
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const channel = await openUnixChannel(path);
  const [socket] = await accepted;
  return { channel, socket };
}

async function readAll(channel: Awaited<ReturnType<typeof openUnixChannel>>, bytes: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (let got = 0; got < bytes; ) {
    const piece = await channel.read();
    if (piece === undefined) break;
    got += piece.length;
    pieces.push(piece.slice());
  }
  return Buffer.concat(pieces);
}

describe('a unix channel', { timeout: 10_000 }, () => {
  it('a unix channel carries bytes both ways, and reports the end', async () => {
    const { channel, socket } = await open();
    const sent = Buffer.alloc(500_000, 'abc');
    socket.write(sent);
    assert.ok((await readAll(channel, sent.length)).equals(sent));
    await channel.write(Buffer.from('back'));
    const [data] = (await once(socket, 'data')) as [Buffer];
    assert.equal(`${data}`, 'back');
    socket.end('last');
    assert.equal(`${await readAll(channel, 5)}`, 'last');
    assert.equal(await channel.read(), undefined);
    await channel.close();
  });

  it('a unix channel frees the memory of a large read at the next one', async () => {
    const { channel, socket } = await open();
    socket.write(Buffer.alloc(300_000, 'abc'));
    const [first, second] = [await channel.read(), await channel.read()];
    assert.equal(first?.length, 0);
    assert.ok(second !== undefined && second.length > 0);
    socket.end();
    while ((await channel.read()) !== undefined);
    await channel.close();
  });

  it('aborting a read of a unix channel loses no byte', async () => {
    const { channel, socket } = await open();
    const controller = new AbortController();
    const reading = channel.read({ signal: controller.signal });
    controller.abort(new Error('not wanted'));
    await assert.rejects(reading, /not wanted/);
    socket.write('kept');
    assert.equal(`${await readAll(channel, 4)}`, 'kept');
    await channel.close();
    socket.destroy();
  });

  it('closing a unix channel ends pending reads and writes', async () => {
    const { channel, socket } = await open();
    const reading = channel.read();
    const writing = assert.rejects(channel.write(new Uint8Array(8 * 1024 * 1024)));
    await channel.close();
    assert.equal(await reading, undefined);
    await writing;
    await channel.close();
    socket.destroy();
  });

  it('a unix channel rejects writes when the other end is closed', async () => {
    const { channel, socket } = await open();
    socket.destroy();
    assert.equal(await channel.read(), undefined);
    await assert.rejects(channel.write(new Uint8Array(10)));
    await channel.close();
  });

  it('opening a unix channel fails without a listener, and after an abort', async () => {
    await assert.rejects(openUnixChannel(join(folder, 'none')), { code: 'ENOENT' });
    const signal = AbortSignal.abort(new Error('not wanted'));
    await assert.rejects(openUnixChannel(path, { signal }), /not wanted/);
  });
});
