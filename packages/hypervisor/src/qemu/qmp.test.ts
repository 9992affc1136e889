import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { QmpClient, type QmpEvent } from './qmp.ts';

const greeting = '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}}, "capabilities": []}}\r\n';

/** A peer whose answers the test writes; `sent` has the received commands. */
function createPeer(answer: (command: { execute: string; id: number }) => string | undefined = () => undefined) {
  const toClient = new PassThrough();
  const fromClient = new PassThrough();
  const sent: string[] = [];
  fromClient.on('data', (bytes: Buffer) => {
    for (const line of bytes.toString().trim().split('\n')) {
      const command = JSON.parse(line);
      sent.push(command.execute);
      const text = command.execute === 'qmp_capabilities' ? ok(command.id) : answer(command);
      if (text !== undefined) toClient.write(text);
    }
  });
  return { streams: { readable: toClient, writable: fromClient }, toClient, sent };
}

function ok(id: number, value: unknown = {}): string {
  return `${JSON.stringify({ return: value, id })}\r\n`;
}

async function openClient(answer?: Parameters<typeof createPeer>[0]) {
  const peer = createPeer(answer);
  peer.toClient.write(greeting);
  const { client, version } = await QmpClient.open(peer.streams);
  return { ...peer, client, version };
}

describe('QmpClient', () => {
  it('the QMP client negotiates and reports the version', async () => {
    const { client, version, sent } = await openClient();
    using _client = client;
    assert.equal(version, '7.2.22');
    assert.deepEqual(sent, ['qmp_capabilities']);
  });

  it('the QMP client reads answers and events however they are split', async () => {
    const { client, toClient } = await openClient();
    using _client = client;
    const events: QmpEvent[] = [];
    client.events.add((event) => events.push(event));
    const asked = client.execute('query-status');
    const text = `{"event": "STOP", "data": {}}\r\n${ok(2, { running: true, note: 'größer' })}`;
    for (const byte of Buffer.from(text)) toClient.write(Uint8Array.of(byte));
    assert.deepEqual(await asked, { running: true, note: 'größer' });
    assert.deepEqual(events, [{ name: 'STOP', data: {} }]);
  });

  it('the QMP client matches answers by id, in any order', async () => {
    const { client, toClient } = await openClient();
    using _client = client;
    const both = Promise.all([client.execute('a'), client.execute('b')]);
    toClient.write(ok(3, 'of b') + ok(2, 'of a'));
    assert.deepEqual(await both, ['of a', 'of b']);
  });

  it('the QMP client reports errors with their class', async () => {
    const { client } = await openClient(
      ({ id }) => `${JSON.stringify({ error: { class: 'CommandNotFound', desc: 'no such' }, id })}\n`,
    );
    using _client = client;
    await assert.rejects(client.execute('nonsense'), { kind: 'CommandNotFound', message: 'nonsense: no such' });
  });

  it('the QMP client stops waiting at the deadline and on abort, and stays usable', async () => {
    const { client, toClient } = await openClient();
    using _client = client;
    await assert.rejects(client.execute('slow', {}, { timeoutMs: 5 }), /did not answer slow within 5 ms/);
    const abort = new AbortController();
    const asked = client.execute('other', {}, { signal: abort.signal });
    abort.abort(new Error('no more'));
    await assert.rejects(asked, { message: 'no more' });
    const third = client.execute('third');
    // The late answer to the first is ignored.
    toClient.write(ok(2, 'late') + ok(4, 'third'));
    assert.equal(await third, 'third');
  });

  it('the QMP client rejects if no greeting comes, as when another client holds the socket', async () => {
    const peer = createPeer();
    await assert.rejects(QmpClient.open(peer.streams, { timeoutMs: 5 }), /did not answer the greeting/);
    assert.equal(peer.toClient.destroyed, true);
  });

  it('the QMP client rejects pending commands when the connection ends', async () => {
    const { client, toClient } = await openClient();
    const asked = client.execute('a');
    toClient.end();
    await assert.rejects(asked, /closed its control connection/);
    await client.closed;
    await assert.rejects(client.execute('b'), /closed its control connection/);
  });

  it('the QMP client closes the connection on garbage and on an endless line', async () => {
    const garbage = await openClient();
    const asked = garbage.client.execute('a');
    garbage.toClient.write('Segmentation fault\n');
    await assert.rejects(asked, /invalid JSON/);

    const endless = await openClient();
    const waiting = endless.client.execute('a');
    for (let count = 0; count < 20; count++) endless.toClient.write(' '.repeat(64 * 1024));
    await assert.rejects(waiting, /endless line/);
  });
});
