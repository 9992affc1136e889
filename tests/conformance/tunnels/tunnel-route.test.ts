import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';
import { WebSocket } from 'ws';
import type { ServedApi } from '../../../apps/innkeeper/src/api/testing/serve-api.ts';
import { maxTunnels } from '../../../apps/innkeeper/src/api/tunnel/tunnel-slots.ts';
import { tunnelWindowBytes } from '../../../apps/innkeeper/src/api/tunnel/tunnel-window.ts';
import { Program, serveConnected, unusedPort } from './serve-connected.ts';

/** A client that acknowledges only on demand. */
class TunnelClient {
  readonly socket: WebSocket;
  readonly messages: Record<string, unknown>[] = [];
  received = Buffer.alloc(0);
  readonly closed: Promise<[number]>;
  #changed = Promise.withResolvers<void>();

  constructor(api: ServedApi, query: string) {
    this.socket = new WebSocket(`ws+unix://${api.socketPath}:/v1/vms/one/tunnel?${query}`);
    this.closed = once(this.socket, 'close') as Promise<[number]>;
    this.socket.on('error', () => undefined);
    this.socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.received = Buffer.concat([this.received, data]);
      else this.messages.push(JSON.parse(data.toString()));
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    });
  }

  send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await Promise.race([this.#changed.promise, this.closed.then(() => this.#stop())]);
  }

  async has(type: string): Promise<Record<string, unknown>> {
    const found = (): Record<string, unknown> | undefined => this.messages.find((message) => message['type'] === type);
    await this.until(() => found() !== undefined);
    return found() ?? {};
  }

  #stop(): never {
    throw new Error(`closed: ${JSON.stringify(this.messages)}`);
  }
}

const acknowledged = (client: TunnelClient): number =>
  client.messages.reduce((sum, { type, bytes }) => sum + (type === 'ack' ? Number(bytes) : 0), 0);

describe('/v1/vms/{vm}/tunnel', () => {
  let api: ServedApi;
  before(async () => {
    api = await serveConnected();
  });
  after(() => api[Symbol.asyncDispose]());

  it('the tunnel route carries bytes both ways and passes on both ends', async () => {
    await using program = await Program.start((socket) => {
      socket.write('hello ');
      socket.pipe(socket);
    });
    const client = new TunnelClient(api, `port=${program.port}`);
    await client.has('opened');
    client.socket.send(Buffer.from('you'));
    await client.until(() => client.received.toString() === 'hello you');
    assert.equal(acknowledged(client), 3);
    client.send({ type: 'end' });
    await client.has('ended');
    assert.deepEqual((await client.closed)[0], 1000);
  });

  it('connections to a port share an entry of the audit with their number and bytes, and refused ones have their reason', async () => {
    await using program = await Program.start((socket) => {
      socket.write('four');
      socket.pipe(socket);
    });
    const closedPort = await unusedPort();
    const targets = [`port ${program.port}`, `port ${closedPort}`];
    const entries = async (): Promise<unknown[]> => {
      const rows = [
        ...(await api.store.audit.listIntents('node-coalesced')),
        ...(await api.store.audit.list({ limit: 50 })),
      ];
      return rows.flatMap(({ parameters, result }) => {
        const { first_unix_ms: _, ...facts } = JSON.parse(parameters) as Record<string, unknown>;
        return targets.includes(String(facts['target'])) ? [{ ...facts, result }] : [];
      });
    };
    const open = new TunnelClient(api, `port=${program.port}`);
    await open.has('opened');
    // On disk while the connection is open, in case the daemon is killed.
    assert.deepEqual(await entries(), [{ target: targets[0], coalesced_calls: 1, result: 'ok' }]);
    for (let count = 0; count < 19; count++) {
      const client = new TunnelClient(api, `port=${program.port}`);
      await client.has('opened');
      client.socket.send(Buffer.from('more'));
      await client.until(() => client.received.toString() === 'fourmore');
      client.send({ type: 'end' });
      await client.closed;
      await new TunnelClient(api, `port=${closedPort}`).closed;
    }
    await until(async () => {
      await api.server.gate.coalesced.save();
      return JSON.stringify(await entries()).includes('"sent_bytes":76');
    });
    const [one, two, ...others] = (await entries()).sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
    assert.deepEqual(others, []);
    const facts = { target: targets[0], coalesced_calls: 20, sent_bytes: 76, received_bytes: 152, result: 'ok' };
    const refused = { target: targets[1], coalesced_calls: 19, result: 'TUNNEL_REFUSED' };
    assert.deepEqual([two, one], [facts, refused]);
    // It is older than its entry, so its bytes are in the next one.
    await api.server.gate.coalesced.flush();
    open.socket.close();
    await until(async () => {
      await api.server.gate.coalesced.save();
      return JSON.stringify(await entries()).includes('"coalesced_calls":0');
    });
  });

  it('a tunnel to a port without a program fails with TUNNEL_REFUSED, before it is open', async () => {
    const client = new TunnelClient(api, `port=${await unusedPort()}`);
    const [code] = await client.closed;
    assert.equal(code, 1011);
    assert.deepEqual(
      client.messages.map(({ type, reason }) => [type, reason]),
      [['error', 'TUNNEL_REFUSED']],
    );
  });

  it('a tunnel with a missing, malformed or doubled target is refused', async () => {
    const queries = [
      '',
      'port=',
      'port=0',
      'port=65536',
      'port=1e3',
      'port=%2080',
      'port=80&unix=/s',
      'unix=s',
      'unix=/a/../s',
    ];
    for (const query of [...queries, 'port=80&address=192.0.2.1', `port=${'9'.repeat(5000)}`]) {
      const client = new TunnelClient(api, query);
      await client.closed;
      const [{ reason } = {}] = client.messages;
      assert.ok(reason === 'INVALID_ARGUMENT' || reason === 'INVALID_PATH', `${query.slice(0, 40)}: ${reason}`);
    }
  });

  it('malformed control messages and data after the end close a tunnel with INVALID_ARGUMENT', async () => {
    await using program = await Program.start((socket) => void socket.resume());
    for (const messages of ['{', 'null', '{"type":"ack"}', '{"type":"ack","bytes":-1}', '{"type":"ack","bytes":"1"}']) {
      const client = new TunnelClient(api, `port=${program.port}`);
      await client.has('opened');
      client.socket.send(messages);
      await client.closed;
      assert.equal(client.messages.at(-1)?.['reason'], 'INVALID_ARGUMENT', messages);
    }
    const client = new TunnelClient(api, `port=${program.port}`);
    await client.has('opened');
    client.send({ type: 'end' });
    client.socket.send(Buffer.from('more'));
    await client.closed;
    assert.equal(client.messages.at(-1)?.['reason'], 'INVALID_ARGUMENT');
  });

  it('a program is held back while its client acknowledges nothing', async () => {
    await using program = await Program.start((socket) => {
      const fill = (): void => {
        for (let fits = true; fits; ) fits = socket.write(Buffer.alloc(64 * 1024));
      };
      socket.on('drain', fill);
      fill();
    });
    const client = new TunnelClient(api, `port=${program.port}`);
    await client.until(() => client.received.length >= tunnelWindowBytes);
    const other = new TunnelClient(api, `port=${program.port}`);
    await other.until(() => other.received.length >= tunnelWindowBytes);
    assert.ok(client.received.length < tunnelWindowBytes + 64 * 1024, `${client.received.length}`);
    const before = client.received.length;
    client.send({ type: 'ack', bytes: before });
    await client.until(() => client.received.length >= before + tunnelWindowBytes - 64 * 1024);
    client.socket.terminate();
    other.socket.terminate();
  });

  it('a client that sends more than was acknowledged is cut off with SLOW_READER', async () => {
    await using program = await Program.start((socket) => void socket.pause());
    const client = new TunnelClient(api, `port=${program.port}`);
    await client.has('opened');
    for (let count = 0; count < 400; count++) client.socket.send(Buffer.alloc(64 * 1024));
    await client.closed;
    assert.equal(client.messages.at(-1)?.['reason'], 'SLOW_READER');
  });

  it('a client that leaves closes the connection of a program that does not read, and frees its place', async () => {
    await using program = await Program.start((socket) => void socket.pause().on('end', () => socket.destroy()));
    for (let round = 0; round < 2; round++) {
      const clients = Array.from({ length: maxTunnels }, () => new TunnelClient(api, `port=${program.port}`));
      for (const client of clients) await client.has('opened');
      const refused = new TunnelClient(api, `port=${program.port}`);
      await refused.closed;
      assert.equal(refused.messages[0]?.['reason'], 'TOO_MANY_TUNNELS');
      for (const { socket } of clients) socket.send(Buffer.alloc(256 * 1024));
      for (const { socket } of clients) socket.terminate();
      while (program.sockets.size > 0) {
        for (const socket of program.sockets) socket.resume();
        await new Promise(setImmediate);
      }
    }
  });
});
