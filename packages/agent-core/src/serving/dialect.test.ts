import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { type Channel, silentLog } from '@innkeeper/kit';
import { createAgent } from '../agent.ts';
import { servedDialects } from '../dialects/served-dialects.ts';
import { createChannelPair } from '../fake/channel-pair.ts';
import { FakeHost } from '../fake/fake-host.ts';
import { FakeNode } from '../fake/fake-node.ts';
import type { Dialect } from './dialect.ts';

const { ping } = TelemetryServiceLite;
const opening = [0xc3, 0xc4];
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

/** A test dialect: starts with C3 C4; then every byte is the number of a ping and is answered with a line. */
const pingLines: Dialect = {
  name: 'ping-lines',
  detects: (bytes) => {
    const isOther = [...bytes].slice(0, 2).some((byte, at) => byte !== opening[at]);
    return isOther ? 'no' : bytes.length < 2 ? 'more' : 'yes';
  },
  serve: async (channel, table, { firstBytes, signal }) => {
    let bytes: Uint8Array | undefined = firstBytes?.subarray(2);
    for (; bytes !== undefined; bytes = await channel.read({ signal }))
      for (const number of bytes) await answer(number, channel, table, signal);
  },
};

async function answer(
  number: number,
  channel: Channel,
  table: Parameters<Dialect['serve']>[1],
  signal: AbortSignal,
): Promise<void> {
  async function* request(): AsyncGenerator<Uint8Array> {
    yield liteEncode(ping.input, { sequence: BigInt(number) });
  }
  const sink = (body: Uint8Array): Promise<void> =>
    channel.write(new TextEncoder().encode(`pong ${liteDecode(ping.output, body).sequence}\n`));
  await table.call(ping.name, request(), sink, { signal, timeoutMs: 0 });
}

/** An agent with an additional dialect, and a connection to it whose dialect is detected. */
function connect(dialects: readonly Dialect[] = [...servedDialects, pingLines]) {
  const agent = createAgent(new FakeHost(), silentLog, dialects);
  const [ours, theirs] = createChannelPair();
  const controller = new AbortController();
  const served = agent.serveChannel(theirs, 'detect', controller.signal);
  return { agent, ours, theirs, served, end: () => controller.abort() };
}

describe('a dialect given to createAgent()', () => {
  it('an added dialect is detected by its first bytes, even one by one, and serves a ping through the same table', async () => {
    const { ours, served, end } = connect();
    for (const byte of [...opening, 7]) await ours.write(new Uint8Array([byte]));
    assert.equal(text(await ours.read()), 'pong 7\n');
    await ours.write(new Uint8Array([8]));
    assert.equal(text(await ours.read()), 'pong 8\n');
    end();
    await served;
  });

  it('an added dialect gets the bytes that were read during detection', async () => {
    const { ours, served, end } = connect();
    await ours.write(new Uint8Array([...opening, 9]));
    assert.equal(text(await ours.read()), 'pong 9\n');
    end();
    await served;
  });

  it('a native node is still detected next to an added dialect', async () => {
    const { ours, served, end } = connect();
    const node = new FakeNode(ours);
    await node.hello();
    end();
    await served;
  });

  it('an agent without the dialect closes the connection', async () => {
    const { ours, served } = connect(servedDialects);
    await ours.write(new Uint8Array([...opening, 7]));
    await served;
  });

  it('serving an unknown dialect by name is refused', async () => {
    const { agent, theirs, end } = connect([pingLines]);
    await assert.rejects(agent.serveChannel(theirs, 'qga', new AbortController().signal), /does not speak qga/);
    end();
  });
});
