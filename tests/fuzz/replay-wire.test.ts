import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import type { AgentLink } from '@innkeeper/agent-client';
import { zeroRunBytes } from '@innkeeper/wire';
import { buildAgent } from '../../apps/agent/testing/running-agent.ts';
import { FakeRoot, whyNotHarmless } from '../conformance/fake-root/fake-root.ts';
import { readCorpus } from './engine/corpus-file.ts';

/** How inputs become the bytes of a connection, by parser. A dialect with a receiver of its own has an entry here. */
const connections: Readonly<Record<string, (bytes: Uint8Array) => readonly Uint8Array[]>> = {
  'native-agent': (bytes) => [
    ...(((bytes[0] ?? 0) & 1) === 0 ? [new Uint8Array(zeroRunBytes)] : []),
    bytes.subarray(1),
  ],
  'native-node': (bytes) => [new Uint8Array(zeroRunBytes), bytes],
  'agent-message': (bytes) => [bytes],
  'agent-message-request': (bytes) => [Uint8Array.of(0, 0, bytes.length >> 8, bytes.length & 255), bytes],
  'detect-dialect': (bytes) => [bytes],
  qga: (bytes) => [bytes],
};

/** No input may do anything to the machine that runs the test. */
const policy = '[policy]\nfeatures_only = ["telemetry"]\n';
/** The first rounds fill caches and pools, in steps of a MiB; what leaks grows in every round. */
const maxRounds = 6;
const mayGrowKib = 64;
const maxConnectionMs = 20_000;

describe('the corpus of the wire on the socket of an agent', {
  skip: whyNotHarmless ?? false,
  timeout: 280_000,
}, () => {
  let root: FakeRoot;
  let link: AgentLink;
  before(async () => {
    await buildAgent();
    root = await FakeRoot.create();
    root.put('/etc/innkeeper/agent.toml', policy);
    link = await root.start({ harmless: true });
    await link.ping();
  });
  after(() => root[Symbol.asyncDispose]());

  /** Writes an input to a connection of its own, reads the answers and waits until the agent has closed it. */
  async function send(parts: readonly Uint8Array[]): Promise<void> {
    const socket = connect(root.agent.socket);
    socket.on('error', () => undefined).resume();
    for (const part of parts) if (part.length > 0) socket.write(part);
    socket.end();
    if (!socket.closed) await once(socket, 'close', { signal: AbortSignal.timeout(maxConnectionMs) });
  }

  async function replayAll(): Promise<void> {
    for (const [name, partsOf] of Object.entries(connections))
      for (const bytes of readCorpus(name)) await send(partsOf(bytes));
  }

  it('after the whole corpus the agent answers, has no children and did not grow', async (t) => {
    const { agent } = root;
    const sizesKib: number[] = [];
    for (let grown = Number.POSITIVE_INFINITY; grown > mayGrowKib; ) {
      assert.ok(sizesKib.length <= maxRounds, `it grows in every round: ${sizesKib.join(', ')} KiB`);
      await replayAll();
      sizesKib.push(await agent.status('VmRSS'));
      grown = (sizesKib.at(-1) ?? 0) - (sizesKib.at(-2) ?? 0);
    }
    t.diagnostic(`after each round ${sizesKib.join(', ')} KiB`);
    assert.equal(agent.ended, undefined);
    await link.ping();
    assert.equal(await readFile(`/proc/${agent.pid}/task/${agent.pid}/children`, 'utf8'), '');
  });
});
