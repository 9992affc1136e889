import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { bootFloodingConsole, type FakeBoot } from '@innkeeper/hypervisor/fake';
import { createDeferred, kib, mib } from '@innkeeper/kit';
import { until } from '@innkeeper/kit/testing';
import { WebSocket } from 'ws';
import { makeUser, sessionOf } from '../access/testing/test-users.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

function openConsole(api: ServedApi): { socket: WebSocket; text: (wanted: string) => Promise<string> } {
  const socket = new WebSocket(`ws+unix:${api.socketPath}:/v1/vms/one/console`);
  let seen = '';
  socket.on('message', (data: Buffer, isBinary) => {
    if (!isBinary) return;
    seen += data.toString('latin1');
  });
  const text = async (wanted: string): Promise<string> => {
    while (!seen.includes(wanted)) await once(socket, 'message', { signal: AbortSignal.timeout(10_000) });
    return seen;
  };
  return { socket, text };
}

/** A viewer with its text messages, in order. */
function openViewer(url: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(url, { headers });
  const texts: Record<string, unknown>[] = [];
  let seen = '';
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) seen += data.toString('latin1');
    else texts.push(JSON.parse(data.toString()));
  });
  const message = async (index: number): Promise<Record<string, unknown>> => {
    while (texts[index] === undefined) await once(socket, 'message', { signal: AbortSignal.timeout(10_000) });
    return texts[index];
  };
  return { socket, message, seen: () => seen };
}

/** Echoes input. */
const echoing: FakeBoot = async (guest) => {
  guest.print('login: ');
  guest.onConsoleInput((bytes) => guest.print(bytes));
};

describe('/v1/vms/{vm}/console', () => {
  it('a console sends earlier output, then new output, and accepts input', async () => {
    await using api = await serveApi({ boot: () => echoing });
    await api.createVm('one', { agent: false });
    const { socket, text } = openConsole(api);
    await text('login: ');
    socket.send(Buffer.from('root\r\n'));
    assert.equal(await text('root\r\n'), 'login: root\r\n');
  });

  it('a console socket closes when the VM ends', async () => {
    await using api = await serveApi({ boot: () => echoing });
    const { row } = await api.createVm('one', { agent: false });
    const { socket, text } = openConsole(api);
    await text('login: ');
    const closed = once(socket, 'close');
    api.driver.host.machine(row.id)?.crash('boom');
    assert.equal((await closed)[0], 1000);
  });

  it('a console limits the daemon’s memory whatever a guest prints, and reports the output it dropped', async () => {
    const printedBytes = 64 * mib;
    await using api = await serveApi({ boot: () => bootFloodingConsole(printedBytes) });
    const runner = await api.createVm('one', { agent: false });
    const console = runner.running?.console ?? assert.fail('it runs');
    // A viewer during the output would see all of it, so this one connects afterwards.
    const { head: early, droppedBytes, tail: late } = console.history();
    let missingBytes = printedBytes - early.length - droppedBytes - late.length;
    const flooded = createDeferred<void>();
    console.onOutput((bytes) => {
      missingBytes -= bytes.length;
      if (missingBytes <= 0) flooded.resolve();
    });
    if (missingBytes > 0) await flooded.promise;
    const { socket, text } = openConsole(api);
    await text('were not retained');
    const { head, tail } = console.history();
    assert.ok(head.length + tail.length <= 256 * kib, `${head.length + tail.length} bytes`);
    socket.terminate();
  });

  it('a console tells a viewer how much output of a flood was dropped, also when no output follows', async () => {
    const typed: FakeBoot = async (guest) => {
      guest.print('ready');
      guest.onConsoleInput(() => {
        for (let count = 0; count < 64; count++) guest.print(new Uint8Array(mib));
      });
    };
    await using api = await serveApi({ boot: () => typed });
    await api.createVm('one', { agent: false });
    const { socket, text } = openConsole(api);
    await text('ready');
    socket.send(Buffer.from('x'));
    assert.match(
      await text('because they came too fast'),
      /\[innkeeper: \d+ bytes were dropped because they came too fast/,
    );
  });

  it('only one viewer of a console types, the first to type, until another takes over or that one disconnects', async () => {
    await using api = await serveApi({ boot: () => echoing });
    await api.createVm('one', { agent: false });
    await makeUser(api.access, 'alice', ['vm.console']);
    const base = await api.listenTcp();
    const alice = openViewer(`${base.replace('http', 'ws')}/v1/vms/one/console`, {
      origin: base,
      cookie: (await sessionOf(api.access, 'alice')).cookie,
    });
    assert.deepEqual(await alice.message(0), { type: 'writer', name: null, you: false });
    const local = openViewer(`ws+unix:${api.socketPath}:/v1/vms/one/console?writer=1`);
    assert.deepEqual(await local.message(1), { type: 'writer', name: 'local', you: true });
    assert.deepEqual(await alice.message(1), { type: 'writer', name: 'local', you: false });
    alice.socket.send(Buffer.from('stolen'));
    const { type, reason, message } = await alice.message(2);
    assert.deepEqual([type, reason, message], ['error', 'CONSOLE_NOT_WRITER', 'local is the writer of this console.']);
    alice.socket.send(JSON.stringify({ type: 'take' }));
    assert.deepEqual(await alice.message(3), { type: 'writer', name: 'alice', you: true });
    assert.deepEqual(await local.message(2), { type: 'writer', name: 'alice', you: false });
    alice.socket.send(Buffer.from('typed'));
    await until(() => local.seen().includes('typed'));
    assert.ok(!local.seen().includes('stolen'));
    alice.socket.send(JSON.stringify({ type: 'release' }));
    assert.deepEqual(await local.message(3), { type: 'writer', name: null, you: false });
    alice.socket.send('not JSON');
    alice.socket.send(Buffer.from('again'));
    assert.deepEqual(await local.message(4), { type: 'writer', name: 'alice', you: false });
    alice.socket.terminate();
    assert.deepEqual(await local.message(5), { type: 'writer', name: null, you: false });
    local.socket.terminate();
  });
});
