import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link as hardLink, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { AgentLink, ExecSession } from '@innkeeper/agent-client';
import { UpdateServiceLite } from '@innkeeper/contract/agent-lite';
import { agentBinary, buildAgent, RunningAgent } from '../testing/running-agent.ts';
import {
  applyUpdate,
  confirmUpdate,
  makeUpdateKey,
  programOfVersion,
  signedManifest,
  writeProgram,
} from '../testing/signed-update.ts';

before(buildAgent, { timeout: 120_000 });

const key = makeUpdateKey();

/** An agent with a program of its own, which trusts `key`. */
async function startUpdatable(): Promise<{ agent: RunningAgent; program: string } & AsyncDisposable> {
  const agent = await RunningAgent.start({
    prepare: async (folder) => {
      const keys = join(folder, 'update-keys');
      await writeFile(keys, key.line, { mode: 0o644 });
      await writeProgram(join(folder, 'innkeeper-agent'), await readFile(agentBinary));
      return { program: join(folder, 'innkeeper-agent'), words: ['--update-keys', keys] };
    },
  });
  const program = join(agent.folder, 'innkeeper-agent');
  return { agent, program, [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() };
}

const versionOf = async (link: AgentLink): Promise<string> => (await link.ping({ timeoutMs: 20_000 })).agentVersion;

/** Reads a command's output to its end. */
async function outputOf({ events }: ExecSession) {
  const hash = createHash('sha256');
  let bytes = 0;
  let gaps = 0;
  for await (const { event } of events) {
    if (event.case === 'gap') gaps++;
    if (event.case === 'output') {
      hash.update(event.value.data);
      bytes += event.value.data.length;
    }
    if (event.case === 'exited') return { sha256: hash.digest('hex'), bytes, gaps, exited: event.value };
  }
  throw new Error('the command did not end');
}

describe('an update of the agent', { timeout: 120_000 }, () => {
  it('an update replaces the agent in its process and leaves nothing beside its program', async () => {
    await using updatable = await startUpdatable();
    const { agent, program } = updatable;
    const link = agent.connect();
    const next = await programOfVersion('0.1.9');
    const manifest = signedManifest(key, next, { version: '0.1.9' });
    assert.equal(await versionOf(link), '0.1.0');
    await applyUpdate(link, manifest, next);
    assert.equal(await confirmUpdate(link, manifest), '0.1.9');
    assert.equal(await versionOf(link), '0.1.9');
    assert.deepEqual(await readFile(program), next);
    assert.deepEqual([existsSync(`${program}.previous`), existsSync(`${program}.new`)], [false, false]);
    // Again, as after a lost answer.
    assert.equal((await link.call(UpdateServiceLite.confirm, { sha256: manifest.sha256 })).version, '0.1.9');
    await using process = link.exec({ argv: ['echo', 'here'] });
    assert.equal((await outputOf(process)).bytes, 5);
    assert.equal((await agent.end('SIGTERM')).code, 0);
  });

  it('a command that prints during an update loses no byte, and its input, exit and time go on', async () => {
    await using updatable = await startUpdatable();
    const { agent } = updatable;
    const link = agent.connect();
    const last = 3_000_000;
    const expected = createHash('sha256');
    for (let number = 1; number <= last; number++) expected.update(`${number}\n`);
    expected.update('typed\n');
    const process = link.exec({ argv: ['sh', '-c', `seq ${last}; cat; exit 7`], stdin: true });
    const output = outputOf(process);
    // The end of its input was sent before the update, and is sent again after it.
    const fed = link.exec({ argv: ['sh', '-c', 'cat; sleep 2; echo done'], stdin: true });
    await fed.writeStdin(Buffer.from('all\n'));
    await fed.endStdin();
    const fedOutput = outputOf(fed);
    const next = await programOfVersion('0.1.8');
    const manifest = signedManifest(key, next, { version: '0.1.8' });
    await applyUpdate(link, manifest, next);
    assert.equal(await confirmUpdate(link, manifest), '0.1.8');
    assert.equal((await fedOutput).bytes, 9);
    await process.writeStdin(Buffer.from('typed\n'));
    await process.endStdin();
    const { sha256, gaps, exited } = await output;
    assert.deepEqual([sha256, gaps], [expected.digest('hex'), 0]);
    assert.deepEqual(exited.status, { case: 'exitCode', value: 7 });
  });

  it('a new agent that is not confirmed in time is replaced by the one before it, which continues with the commands', async () => {
    await using updatable = await startUpdatable();
    const { agent, program } = updatable;
    const link = agent.connect();
    const process = link.exec({ argv: ['sh', '-c', 'sleep 8; echo still here; exit 3'] });
    const output = outputOf(process);
    const next = await programOfVersion('0.1.8');
    const manifest = { ...signedManifest(key, next, { version: '0.1.8' }), confirmWithinSeconds: 5 };
    await applyUpdate(link, manifest, next);
    const { bytes, exited } = await output;
    assert.deepEqual([bytes, exited.status], [11, { case: 'exitCode', value: 3 }]);
    assert.equal(await versionOf(link), '0.1.0');
    assert.deepEqual(await readFile(program), await readFile(agentBinary));
    await assert.rejects(link.call(UpdateServiceLite.confirm, { sha256: manifest.sha256 }), {
      reason: 'UPDATE_ROLLED_BACK',
    });
    assert.match(agent.log, /update\.rolled-back/);
  });

  it('an agent starts whose program before it is the same file, as a power failure during an update leaves it', async () => {
    await using agent = await RunningAgent.start({
      prepare: async (folder) => {
        const program = join(folder, 'innkeeper-agent');
        await writeProgram(program, await readFile(agentBinary));
        await hardLink(program, `${program}.previous`);
        return { program, words: [] };
      },
    });
    assert.equal(await versionOf(agent.connect()), '0.1.0');
    assert.equal(existsSync(join(agent.folder, 'innkeeper-agent.previous')), false);
  });

  for (const signal of ['SIGSEGV', 'SIGABRT', 'SIGBUS'] as const)
    it(`a new agent that ends by ${signal} is replaced by the one before it`, async () => {
      await using updatable = await startUpdatable();
      const { agent, program } = updatable;
      const link = agent.connect();
      const output = outputOf(link.exec({ argv: ['sh', '-c', 'sleep 3; seq 1000'] }));
      const next = await programOfVersion('0.1.8');
      const manifest = signedManifest(key, next, { version: '0.1.8' });
      await applyUpdate(link, manifest, next);
      await agent.until(async () => agent.log.includes('update.taken-over'));
      process.kill(agent.pid, signal);
      assert.equal((await output).bytes, 3893);
      assert.equal(await versionOf(link), '0.1.0');
      assert.deepEqual(
        [existsSync(`${program}.previous`), await readFile(program)],
        [false, await readFile(agentBinary)],
      );
    });

  it('a new agent that is killed during its trial is replaced by the one before it at the next start', async () => {
    await using updatable = await startUpdatable();
    const { agent, program } = updatable;
    const next = await programOfVersion('0.1.8');
    await applyUpdate(agent.connect(), signedManifest(key, next, { version: '0.1.8' }), next);
    await agent.until(async () => agent.log.includes('update.taken-over'));
    await agent.end('SIGKILL');
    await using restarted = await RunningAgent.start({ prepare: async () => ({ program, words: [] }) });
    assert.equal(await versionOf(restarted.connect()), '0.1.0');
    assert.deepEqual(
      [existsSync(`${program}.previous`), await readFile(program)],
      [false, await readFile(agentBinary)],
    );
  });
});
