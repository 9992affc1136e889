import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { TunnelServiceLite, UpdateServiceLite } from '@innkeeper/contract/agent-lite';
import { agentBinary, buildAgent, RunningAgent } from '../testing/running-agent.ts';
import {
  applyUpdate,
  confirmUpdate,
  type Manifest,
  makeUpdateKey,
  programOfVersion,
  signedManifest,
  writeProgram,
} from '../testing/signed-update.ts';

const key = makeUpdateKey();

before(buildAgent, { timeout: 120_000 });

describe('an update that is refused', { timeout: 120_000 }, () => {
  let agent: RunningAgent;
  let next: Buffer;
  let keys: string;

  before(async () => {
    agent = await RunningAgent.start({
      prepare: async (folder) => {
        keys = join(folder, 'update-keys');
        await writeFile(keys, `# a comment\nssh-rsa AAAA\n${makeUpdateKey().line}${key.line}`, { mode: 0o644 });
        await writeProgram(join(folder, 'innkeeper-agent'), await readFile(agentBinary));
        return { program: join(folder, 'innkeeper-agent'), words: ['--update-keys', keys] };
      },
    });
    next = await programOfVersion('0.1.7');
  });
  after(() => agent[Symbol.asyncDispose]());

  /** Refused with this reason; the agent and its folder are as before. */
  async function refuses(reason: string, manifest: Manifest, program: Uint8Array): Promise<void> {
    const link = agent.connect();
    const { pid } = agent;
    await assert.rejects(applyUpdate(link, manifest, program), { reason });
    assert.equal((await link.ping()).agentVersion, '0.1.0');
    assert.equal(agent.pid, pid);
    assert.deepEqual((await readdir(agent.folder)).sort(), ['a.sock', 'innkeeper-agent', 'update-keys']);
    assert.deepEqual(await readFile(join(agent.folder, 'innkeeper-agent')), await readFile(agentBinary));
  }

  it('a manifest whose signature is by another key, or of another manifest, is not trusted', async () => {
    const manifest = signedManifest(key, next, { version: '0.1.7' });
    await refuses('UPDATE_UNTRUSTED', signedManifest(makeUpdateKey(), next, { version: '0.1.7' }), next);
    for (const change of [
      { version: '0.1.8' },
      { size: BigInt(next.length - 1) },
      { sha256: new Uint8Array(32) },
      { architecture: 'riscv64' },
      { signature: new Uint8Array(64) },
      { signature: manifest.signature.map((byte, at) => (at === 40 ? byte ^ 1 : byte)) },
    ])
      await refuses('UPDATE_UNTRUSTED', { ...manifest, ...change }, next);
  });

  it('an agent for another architecture is refused before it is sent', async () => {
    await refuses('UPDATE_INVALID', signedManifest(key, next, { version: '0.1.7', architecture: 'riscv64' }), next);
  });

  it('a program that is cut off, too long, or another one than the manifest says is not installed', async () => {
    const manifest = signedManifest(key, next, { version: '0.1.7' });
    await refuses('UPDATE_INVALID', manifest, next.subarray(0, -1));
    await refuses('UPDATE_INVALID', manifest, Buffer.concat([next, Buffer.from('x')]));
    await refuses('UPDATE_INVALID', manifest, Buffer.concat([Buffer.from('x'), next.subarray(1)]));
  });

  it('a program that fails its check, says another version, or cannot take over is not installed', async () => {
    for (const text of [
      '#!/bin/sh\necho the kernel is too old; exit 1\n',
      '#!/bin/sh\necho innkeeper-agent 0.1.6 takes over 1\n',
      '#!/bin/sh\necho innkeeper-agent 0.1.7 takes over 2 3\n',
      '#!/bin/sh\necho innkeeper-agent 0.1.7\n',
      'neither a program nor a script',
    ]) {
      const program = Buffer.from(text);
      await refuses('UPDATE_REFUSED', signedManifest(key, program, { version: '0.1.7' }), program);
    }
  });

  it('an older agent, as from a replayed update, is refused unless that is allowed', async () => {
    const older = await programOfVersion('0.0.9');
    const manifest = signedManifest(key, older, { version: '0.0.9' });
    await refuses('UPDATE_OLDER', manifest, older);
    await using second = await RunningAgent.start({
      prepare: async (folder) => {
        await writeProgram(join(folder, 'innkeeper-agent'), await readFile(agentBinary));
        return { program: join(folder, 'innkeeper-agent'), words: ['--update-keys', keys] };
      },
    });
    const link = second.connect();
    await applyUpdate(link, { ...manifest, allowOlder: true }, older);
    assert.equal(await confirmUpdate(link, manifest), '0.0.9');
  });

  it('keys in a file that others than its owner can write are not trusted', async () => {
    const text = await readFile(keys, 'utf8');
    await using second = await RunningAgent.start({
      prepare: async (folder) => {
        const path = join(folder, 'update-keys');
        await writeFile(path, text);
        await chmod(path, 0o666);
        return { words: ['--update-keys', path] };
      },
    });
    await assert.rejects(applyUpdate(second.connect(), signedManifest(key, next, { version: '0.1.7' }), next), {
      reason: 'UPDATE_UNTRUSTED',
      message: /can be written by others/,
    });
  });

  it('a second update during the first one, and one whose sender leaves, change nothing', async () => {
    const link = agent.connect();
    const manifest = signedManifest(key, next, { version: '0.1.7' });
    const leaving = new AbortController();
    async function* half() {
      yield { input: { case: 'manifest' as const, value: manifest } };
      yield { input: { case: 'data' as const, value: next.subarray(0, 60_000) } };
      await new Promise(() => undefined);
    }
    const first = link.stream(UpdateServiceLite.apply, half(), { signal: leaving.signal });
    assert.equal((await first.next()).done, false);
    await assert.rejects(applyUpdate(link, manifest, next), { reason: 'UPDATE_BUSY' });
    leaving.abort(new Error('left'));
    await assert.rejects(first.next(), /left/);
    await agent.until(async () => !(await readdir(agent.folder)).includes('innkeeper-agent.new'));
    await refuses('UPDATE_INVALID', manifest, next.subarray(0, -1));
  });

  it('an update that would cut a tunnel is refused with its method, unless that is allowed', async () => {
    await using own = await RunningAgent.start({
      prepare: async (folder) => {
        await writeProgram(join(folder, 'innkeeper-agent'), await readFile(agentBinary));
        return { program: join(folder, 'innkeeper-agent'), words: ['--update-keys', keys] };
      },
    });
    const server = createServer(() => undefined);
    try {
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const link = own.connect();
      const manifest = signedManifest(key, next, { version: '0.1.7' });
      const { port } = server.address() as AddressInfo;
      async function* requests() {
        const target = { case: 'tcpPort' as const, value: port };
        yield { input: { case: 'open' as const, value: { target, address: '127.0.0.1' } } };
        await new Promise(() => undefined);
      }
      const tunnel = link.stream(TunnelServiceLite.connect, requests());
      assert.equal((await tunnel.next()).value?.event.case, 'opened');
      await assert.rejects(applyUpdate(link, manifest, next), {
        reason: 'UPDATE_BUSY',
        message: /TunnelService\/Connect/,
      });
      await applyUpdate(link, { ...manifest, cutCalls: true }, next);
      await assert.rejects(tunnel.next(), { reason: 'AGENT_UNREACHABLE' });
      assert.equal(await confirmUpdate(link, manifest), '0.1.7');
    } finally {
      server.close();
    }
  });
});
