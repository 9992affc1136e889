import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { AgentLink } from '@innkeeper/agent-client';
import { buildAgent, RunningAgent } from '../testing/running-agent.ts';

before(buildAgent, { timeout: 120_000 });

const content = randomBytes(8 * 1024 * 1024);
const pieceBytes = 256 * 1024;
const expected = createHash('sha256').update(content).digest('hex');

function threads(pid: number): string[] {
  return readdirSync(`/proc/${pid}/task`);
}

/** Microseconds of CPU that a thread has used. */
function cpuOf(pid: number, thread: string): number {
  return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1000;
}

async function run(link: AgentLink): Promise<void> {
  await using session = link.exec({ argv: ['/bin/true'] });
  for await (const { event } of session.events) if (event.case === 'exited') return;
}

describe('hashing in the agent', { timeout: 60_000 }, () => {
  it('a transfer with SHA-256 is hashed by a second thread, which ends with the transfer', async (t) => {
    if (availableParallelism() < 2) return t.skip('this machine has one CPU');
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    const path = join(agent.folder, 'file');
    let hashingUs = 0;
    const look = (): void => {
      for (const thread of threads(agent.pid))
        if (thread !== `${agent.pid}`) hashingUs = Math.max(hashingUs, cpuOf(agent.pid, thread));
    };
    const written = await link.writeFile({ path, sha256: true, noSync: true }, async function* (offset) {
      for (let at = Number(offset); at < content.length; at += pieceBytes) {
        look();
        yield content.subarray(at, at + pieceBytes);
      }
    });
    assert.equal(Buffer.from(written.sha256 ?? []).toString('hex'), expected);
    assert.ok(hashingUs > 0, 'no other thread used the CPU');
    assert.deepEqual(threads(agent.pid), [`${agent.pid}`]);

    const reading = link.readFile({ path, sha256: true });
    for await (const _ of reading.chunks);
    assert.equal(Buffer.from((await reading.done).sha256 ?? []).toString('hex'), expected);
    assert.deepEqual(threads(agent.pid), [`${agent.pid}`]);
  });

  it('uploads that are cut leave no thread, and programs start while others are hashed', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    const cut = link.writeFile({ path: join(agent.folder, 'cut'), sha256: true, noSync: true }, async function* () {
      for (let at = 0; at < content.length / 2; at += pieceBytes) yield content.subarray(at, at + pieceBytes);
      throw new Error('cut');
    });
    const whole = link.writeFile({ path: join(agent.folder, 'whole'), sha256: true }, async function* (offset) {
      for (let at = Number(offset); at < content.length; at += pieceBytes) {
        if (at % (4 * pieceBytes) === 0) await run(link);
        yield content.subarray(at, at + pieceBytes);
      }
    });
    await assert.rejects(cut, /cut/);
    assert.equal(Buffer.from((await whole).sha256 ?? []).toString('hex'), expected);
    await agent.until(async () => threads(agent.pid).length === 1);
  });
});
