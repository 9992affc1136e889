import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import { maxWaitingMessages, SocketSends } from './socket-sends.ts';

/** A WebSocket whose peer reads on demand. */
async function slowClient() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const joined = once(server, 'connection') as Promise<[WebSocket]>;
  client.write(
    'GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  const [socket] = await joined;
  client.pause();
  return {
    socket,
    read: () => client.resume(),
    [Symbol.dispose]: () => {
      client.destroy();
      socket.terminate();
      server.close();
    },
  };
}

describe('messages on their way to a WebSocket', () => {
  it('waiting messages of a WebSocket are limited in number, and sending continues when the client reads', async () => {
    using client = await slowClient();
    const sends = new SocketSends(client.socket);
    // Messages in the kernel's buffer do not count as waiting, so the buffer is filled first.
    client.socket.send(new Uint8Array(64 * 1024 * 1024));
    await nextTurn();
    let sent = 0;
    for (; !sends.isFull; sent++) sends.send(Uint8Array.of(1));
    assert.equal(sent, maxWaitingMessages);
    const room = sends.room(AbortSignal.timeout(20_000));
    client.read();
    await room;
    assert.equal(sends.isFull, false);
  });

  it('waiting to send on a WebSocket ends when the client disconnects', async () => {
    using client = await slowClient();
    const sends = new SocketSends(client.socket);
    client.socket.send(new Uint8Array(64 * 1024 * 1024));
    while (!sends.isFull) sends.send(Uint8Array.of(1));
    const gone = new AbortController();
    const room = assert.rejects(sends.room(gone.signal), /left/);
    gone.abort(new Error('left'));
    await room;
  });
});
