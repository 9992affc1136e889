import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { type Duplex, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { after, before, describe, it } from 'node:test';
import { openUnixChannel } from '@innkeeper/agent-client';
import type { Channel } from '@innkeeper/kit';
import { buildAgent, RunningAgent } from '../../../apps/agent/testing/running-agent.ts';
import { spawnInn } from '../../../apps/cli/src/testing/run-inn.ts';
import { type ServedApi, serveApi } from '../../../apps/innkeeper/src/api/testing/serve-api.ts';
import { Program } from './serve-connected.ts';

const mib = 1024 * 1024;
/** Each way; INNKEEPER_TEST_TUNNEL_MIB=1024 is what the issue asks for, and takes minutes. */
const totalBytes = Number(process.env['INNKEEPER_TEST_TUNNEL_MIB'] ?? 64) * mib;

describe('tunnels to the agent’s own program', () => {
  let agent: RunningAgent;
  let api: ServedApi;
  let echo: Program;
  before(
    async () => {
      await buildAgent();
      agent = await RunningAgent.start();
      api = await serveApi({
        startAgent: (channel, { signal }) => void joinAgent(agent.socket, channel, signal).catch(() => undefined),
      });
      await api.createVm('one');
      echo = await Program.start((socket) => void socket.pipe(socket));
    },
    { timeout: 180_000 },
  );
  after(async () => {
    await echo?.[Symbol.asyncDispose]();
    await api?.[Symbol.asyncDispose]();
    await agent?.[Symbol.asyncDispose]();
  });

  it('64 MiB go through inn forward and come back at the same time, with the same hash', async () => {
    const child = spawnInn(api.socketPath, ['forward', 'one', `0:${echo.port}`]);
    try {
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      const port = Number(/^127\.0\.0\.1:(\d+) -> /.exec(line)?.[1]);
      const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
      const { sent, received } = await sendThrough(socket, socket);
      assert.deepEqual(received, sent);
    } finally {
      child.kill('SIGINT');
      await once(child, 'exit');
    }
  });

  it('64 MiB go through inn tunnel and come back at the same time, with the same hash', async () => {
    const child = spawnInn(api.socketPath, ['tunnel', 'one', `${echo.port}`]);
    const ended = once(child, 'close');
    const { sent, received } = await sendThrough(child.stdin, child.stdout);
    assert.deepEqual(received, sent);
    assert.deepEqual(await ended, [0, null]);
  });

  it('after that the agent has no more descriptors open than before', async () => {
    const before = await agent.openDescriptors();
    const child = spawnInn(api.socketPath, ['tunnel', 'one', `${echo.port}`]);
    child.stdin.end('x');
    await once(child, 'close');
    await agent.until(async () => (await agent.openDescriptors()) <= before);
  });
});

/** Sends bytes, of which no two MiB are the same, and the end. The counts and hashes of what went and of what came. */
async function sendThrough(
  input: NodeJS.WritableStream | Duplex,
  output: NodeJS.ReadableStream | Duplex,
): Promise<Record<'sent' | 'received', { bytes: number; sha256: string }>> {
  const hashes = { sent: createHash('sha256'), received: createHash('sha256') };
  const bytes = { sent: 0, received: 0 };
  const take = (way: 'sent' | 'received', data: Buffer): Buffer => {
    hashes[way].update(data);
    bytes[way] += data.length;
    return data;
  };
  const block = randomBytes(mib);
  const source = Readable.from(
    (function* () {
      for (let at = 0; at < totalBytes; at += mib) {
        const next = Buffer.from(block);
        next.writeUInt32LE(at / mib);
        yield take('sent', next);
      }
    })(),
    { objectMode: false },
  );
  const received = (async () => {
    for await (const data of output) take('received', data as Buffer);
  })();
  await Promise.all([pipeline(source, input), received]);
  const result = (way: 'sent' | 'received') => ({ bytes: bytes[way], sha256: hashes[way].digest('hex') });
  return { sent: result('sent'), received: result('received') };
}

/** What a hypervisor does between its end of a port and the guest's. */
async function joinAgent(socketPath: string, channel: Channel, signal: AbortSignal): Promise<void> {
  await using other = await openUnixChannel(socketPath, { signal });
  const carry = async (from: Channel, to: Channel): Promise<void> => {
    for (;;) {
      const data = await from.read({ signal });
      if (data === undefined) return;
      await to.write(data);
    }
  };
  await Promise.race([carry(channel, other), carry(other, channel)]);
}
