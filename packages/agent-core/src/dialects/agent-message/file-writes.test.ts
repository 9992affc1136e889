import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { HostError } from '../../host-error.ts';
import type { FakePeer, Payload } from './fake/fake-peer.ts';
import { fakeSession } from './fake/fake-session.ts';
import { uploadIdleMs } from './limits.ts';

function serve(test: TestContext, options?: Parameters<typeof fakeSession>[0]): ReturnType<typeof fakeSession> {
  const session = fakeSession(options);
  test.after(session.end);
  return session;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function chunk(path: string, number: number, total: number, data: string, more: object = {}): Payload {
  const eof = number + 1 === total;
  return {
    case: 'fileWrite',
    value: { path, chunkNumber: number, totalChunks: total, data: text(data), eof, ...more },
  };
}

async function writeResult(host: FakePeer, id: string): Promise<string> {
  const payload = await host.answer(id);
  assert.ok(payload.case === 'fileWriteResponse');
  return payload.value.success ? `ok ${payload.value.bytesWritten}` : (payload.value.error.split(':')[0] ?? '');
}

describe('file_write in an AgentMessage session', () => {
  it('file_write chunks are joined in order, and the file appears with the last one', async (test) => {
    const { host, agent } = serve(test);
    agent.files.set('/f', 'old');
    host.send('0', chunk('/f', 0, 3, 'aa'));
    assert.equal(await writeResult(host, '0'), 'ok 2');
    host.send('1', chunk('/f', 1, 3, 'bbb', { offset: 2n }));
    assert.equal(await writeResult(host, '1'), 'ok 3');
    assert.equal(agent.files.get('/f'), 'old');
    host.send('2', chunk('/f', 2, 3, 'c', { offset: 5n }));
    assert.equal(await writeResult(host, '2'), 'ok 1');
    assert.equal(agent.files.get('/f'), 'aabbbc');
  });

  it('file_write of up to 16 MiB in one message is written whole, and what follows it is read', async (test) => {
    const { host, agent } = serve(test);
    const data = text('0123456789abcde\n'.repeat(1_000_000));
    const value = { path: '/f', data, mode: 0o600, eof: true };
    host.send('long', { case: 'fileWrite', value });
    host.send('p', { case: 'ping', value: {} });
    assert.equal(await writeResult(host, 'long'), 'ok 16000000');
    assert.equal(agent.files.get('/f')?.length, 16_000_000);
    assert.ok(agent.files.get('/f')?.endsWith('abcde\n'));
    assert.equal((await host.answer('p')).case, 'pong');
    // As a part of a file, too.
    host.send('0', chunk('/g', 0, 2, 'x'.repeat(2_000_000)));
    assert.equal(await writeResult(host, '0'), 'ok 2000000');
    host.send('1', chunk('/g', 1, 2, 'end', { offset: 2_000_000n }));
    assert.equal(await writeResult(host, '1'), 'ok 3');
    assert.equal(agent.files.get('/g')?.length, 2_000_003);
  });

  it('file_write of a long file that the guest has no room for is refused, and nothing of it is written', async (test) => {
    const { host, agent, guest } = serve(test);
    guest.files.write = () => {
      throw new HostError('ENOSPC', 'write');
    };
    host.send('long', { case: 'fileWrite', value: { path: '/f', data: new Uint8Array(2_000_000) } });
    assert.equal(await writeResult(host, 'long'), 'GUEST_IO');
    assert.equal(agent.files.has('/f'), false);
    host.send('p', { case: 'ping', value: {} });
    assert.equal((await host.answer('p')).case, 'pong');
  });

  it('file_write accepts chunks that are sent without waiting for answers', async (test) => {
    const { host, agent } = serve(test);
    for (let number = 0; number < 8; number++) host.send(`${number}`, chunk('/f', number, 8, `${number}`));
    for (let number = 0; number < 8; number++) assert.equal(await writeResult(host, `${number}`), 'ok 1');
    assert.equal(agent.files.get('/f'), '01234567');
  });

  it('after a failed or missing chunk, file_write refuses all later chunks and keeps the old file', async (test) => {
    const { host, agent } = serve(test);
    agent.files.set('/f', 'old').set('/g', 'old');
    ['a', 'disk is full', 'c', 'd'].forEach((data, number) => {
      host.send(`f${number}`, chunk('/f', number, 4, data));
    });
    assert.equal(await writeResult(host, 'f0'), 'ok 1');
    for (const id of ['f1', 'f2', 'f3']) assert.equal(await writeResult(host, id), 'GUEST_DISK_FULL');
    host.send('g0', chunk('/g', 0, 4, 'a'));
    host.send('g2', chunk('/g', 2, 4, 'c'));
    host.send('g3', chunk('/g', 3, 4, 'd'));
    for (const id of ['g2', 'g3']) assert.equal(await writeResult(host, id), 'UPLOAD_GAP');
    assert.deepEqual([agent.files.get('/f'), agent.files.get('/g')], ['old', 'old']);
    host.send('g', chunk('/g', 0, 1, 'new'));
    assert.equal(await writeResult(host, 'g'), 'ok 3');
    assert.equal(agent.files.get('/g'), 'new');
  });

  it('file_write refuses a later chunk of an unknown upload', async (test) => {
    const { host, agent } = serve(test);
    agent.files.set('/f', 'old');
    host.send('5', chunk('/f', 5, 9, 'x', { offset: 3n }));
    assert.equal(await writeResult(host, '5'), 'UPLOAD_GAP');
    assert.equal(agent.files.get('/f'), 'old');
  });

  it('file_write cancels an upload whose next chunk does not arrive in time', async (test) => {
    const { host, agent, clock } = serve(test);
    agent.files.set('/f', 'old');
    host.send('0', chunk('/f', 0, 2, 'a'));
    await writeResult(host, '0');
    await turn();
    clock.advance(uploadIdleMs);
    await turn();
    host.send('1', chunk('/f', 1, 2, 'b'));
    assert.equal(await writeResult(host, '1'), 'DEADLINE_EXCEEDED');
    assert.equal(agent.files.get('/f'), 'old');
  });

  it('file_write creates an empty file, appends in order, and restarts an upload at chunk 0', async (test) => {
    const { host, agent } = serve(test);
    host.send('e', { case: 'fileWrite', value: { path: '/e', eof: true } });
    assert.equal(await writeResult(host, 'e'), 'ok 0');
    assert.equal(agent.files.get('/e'), '');
    for (const data of ['1', '2', '3', '4']) {
      host.send(`a${data}`, { case: 'fileWrite', value: { path: '/e', append: true, data: text(data) } });
    }
    assert.equal(await writeResult(host, 'a4'), 'ok 1');
    assert.equal(agent.files.get('/e'), '1234');
    host.send('n0', chunk('/e', 0, 2, 'x'));
    host.send('m0', chunk('/e', 0, 2, 'y'));
    host.send('m1', chunk('/e', 1, 2, 'z'));
    assert.equal(await writeResult(host, 'm1'), 'ok 1');
    assert.equal(agent.files.get('/e'), 'yz');
  });
});
