import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { FileServiceLite, ProcessServiceLite, TelemetryServiceLite } from '@innkeeper/contract/agent-lite';
import { startFakeAgent } from './fake-agent.ts';
import { createSha256 } from './sha256.ts';

describe('the fake guest', () => {
  it('the fake guest computes SHA-256 like node:crypto', () => {
    for (const length of [0, 1, 55, 56, 63, 64, 65, 1000]) {
      const bytes = Uint8Array.from({ length }, (_, index) => index * 7);
      const hash = createSha256();
      hash.update(bytes.subarray(0, 30));
      hash.update(bytes.subarray(30));
      assert.equal(Buffer.from(hash.digest()).toString('hex'), createHash('sha256').update(bytes).digest('hex'));
    }
  });

  it('the fake guest runs every kind of operation over a native session', async () => {
    const { host, node } = await startFakeAgent();
    assert.equal(node.welcomes.length, 1);
    const ping = await node.open(TelemetryServiceLite.ping, { sequence: 7n });
    assert.equal(ping.messages[0]?.sequence, 7n);
    assert.equal(ping.reason, '');

    const start = { id: 'a', argv: ['echo', 'hello', 'guest'] };
    const exec = await node.open(ProcessServiceLite.exec, { input: { case: 'start', value: start } });
    assert.deepEqual(
      exec.messages.map(({ event }) => event.case),
      ['started', 'output', 'exited'],
    );
    assert.equal(exec.reason, '');

    host.files.put('/tmp/a', 'content');
    const read = await node.open(FileServiceLite.read, { path: '/tmp/a', sha256: true });
    const chunk = read.messages[1]?.event;
    assert.equal(chunk?.case === 'chunk' && Buffer.from(chunk.value.data).toString(), 'content');
    assert.deepEqual(node.faults, []);
    assert.equal(host.files.openCount, 0);
  });
});
