import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FilesystemServiceLite, ProcessServiceLite, UpdateServiceLite } from '@innkeeper/contract/agent-lite';
import { updateKeyLine, updateKeysPath, updateManifestText } from '@innkeeper/contract/agent-update';
import { foldExec } from '../fake/exec-output.ts';
import { type FakeAgent, startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';
import { fakeSignature } from '../fake/fake-program-port.ts';
import { loadServices } from '../fake/load-services.ts';
import { type ManualClock, settle } from '../fake/manual-clock.ts';
import { createSha256 } from '../fake/sha256.ts';
import { hex } from '../hex.ts';

const { exec } = ProcessServiceLite;
const { apply, confirm } = UpdateServiceLite;
const program = new TextEncoder().encode('the next agent');
const key = Uint8Array.from({ length: 32 }, (_, index) => index);
const sha256 = (() => {
  const hash = createSha256();
  hash.update(program);
  return hash.digest();
})();

function manifestOf(facts: { readonly version?: string; readonly size?: number } = {}) {
  const { version = '0.2.0', size = program.length } = facts;
  const text = updateManifestText({ version, architecture: 'x86_64', size, sha256: hex(sha256) });
  const signature = fakeSignature(key, new TextEncoder().encode(text));
  return { version, architecture: 'x86_64', size: BigInt(size), sha256, signature };
}

async function startUpdatable(): Promise<FakeAgent<ManualClock>> {
  await loadServices();
  const host = new FakeHost();
  host.files.put(updateKeysPath, updateKeyLine(hex(key), 'test'), { mode: 0o644 });
  host.files.put(host.program.path, 'this agent', { mode: 0o755 });
  host.jobs.results.set(`${host.program.path}.new --update-check`, {
    stdout: 'innkeeper-agent 0.2.0 takes over 1\n',
  });
  return await startFakeAgent(host);
}

/** Sends an update; the call, once the agent has no more to do without time passing. */
async function send({ node, host }: FakeAgent<ManualClock>, facts: Parameters<typeof manifestOf>[0] = {}) {
  const call = await node.open(apply, { input: { case: 'manifest', value: manifestOf(facts) } }, { more: true });
  if (call.reason === undefined) await call.send({ input: { case: 'data', value: program } }, true);
  for (let turns = 0; turns < 20 && call.reason === undefined; turns++) await host.clock.advance(1);
  return call;
}

describe('an update in the fake guest', () => {
  it('commands are handed over with their output, input and limits, and go on only when the new agent is confirmed', async () => {
    const first = await startUpdatable();
    const { host } = first;
    const start = { id: 'c', argv: ['cat'], stdin: true, timeoutMs: 60_000 };
    const command = await first.node.open(exec, { input: { case: 'start', value: start } }, { more: true });
    const text = (data: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(data);
    await command.send({ input: { case: 'stdin', value: { offset: 0n, data: text('one\n') } } });
    const call = await send(first);
    assert.deepEqual(
      call.messages.map(({ event }) => event.case),
      ['accepted', 'switching'],
    );
    await host.clock.advance(200);
    assert.equal(host.program.trialSeconds, 60);
    assert.equal(host.files.text(host.program.path), 'the next agent');
    assert.equal(host.files.text(`${host.program.path}.previous`), 'this agent');

    const second = await startFakeAgent(host);
    const attached = await second.node.open(
      exec,
      { input: { case: 'attach', value: { id: 'c', fromOffset: 0n } } },
      { more: true },
    );
    assert.deepEqual([attached.messages, attached.reason, host.program.begun], [[], undefined, 0]);
    assert.equal((await second.node.open(confirm, { sha256: new Uint8Array(32) })).reason, 'UPDATE_ROLLED_BACK');
    assert.equal((await second.node.open(confirm, { sha256 })).reason, '');
    assert.equal(host.program.begun, 1);
    await host.clock.advance(0);
    await attached.send({ input: { case: 'stdin', value: { offset: 4n, data: text('two\n'), end: true } } });
    await host.clock.advance(0);
    const { stdout, exited } = foldExec(attached.messages);
    assert.equal(stdout, 'one\ntwo\n');
    assert.deepEqual(exited?.status, { case: 'exitCode', value: 0 });
  });

  it('the time of a command goes on over an update', async () => {
    const first = await startUpdatable();
    const { host } = first;
    const start = { id: 'c', argv: ['sleep', '1000'], timeoutMs: 60_000 };
    await first.node.open(exec, { input: { case: 'start', value: start } });
    await host.clock.advance(50_000);
    await send(first);
    await host.clock.advance(200);
    const second = await startFakeAgent(host);
    await second.node.open(confirm, { sha256 });
    await host.clock.advance(9_000);
    const attached = await second.node.open(exec, { input: { case: 'attach', value: { id: 'c', fromOffset: 0n } } });
    assert.equal(foldExec(attached.messages).exited, undefined);
    await host.clock.advance(2_000);
    assert.deepEqual(foldExec(attached.messages).exited?.status, { case: 'signal', value: 15 });
  });

  it('a new agent that does not fit on the disk is refused before it is written', async () => {
    const agent = await startUpdatable();
    agent.host.files.figures.set('/usr/local/bin', { totalBytes: 1000, freeBytes: 5 });
    const call = await send(agent);
    assert.equal(call.reason, 'GUEST_DISK_FULL');
    assert.throws(() => agent.host.files.text(`${agent.host.program.path}.new`));
    assert.equal(agent.host.program.trialSeconds, undefined);
  });

  it('an update is refused while the hooks after a thaw run, which the new agent would not run', async () => {
    const agent = await startUpdatable();
    const { host } = agent;
    host.files.putFolder('/run');
    host.files.put('/proc/self/mountinfo', '22 1 254:0 / / rw - ext4 /dev/vda rw\n');
    host.files.put('/etc/innkeeper/post-thaw.d/a', '', { mode: 0o755 });
    const hook = Promise.withResolvers<void>();
    const { jobs } = host;
    const run = jobs.run.bind(jobs);
    jobs.run = async (argv, options) => {
      if (argv[1] !== 'thaw') return await run(argv, options);
      await hook.promise;
      return { exitCode: 0, stdout: '', stderr: '' };
    };
    await agent.node.open(FilesystemServiceLite.freeze, { id: 'one', leaseMs: 1000 });
    await host.clock.advance(1000);
    await settle();
    const call = await send(agent);
    assert.equal(call.reason, 'UPDATE_BUSY');
    assert.match(call.answers.end?.message ?? '', /freeze or thaw is in progress/);
    hook.resolve();
    await settle();
    assert.equal((await send(agent)).reason, '');
  });

  it('keys in a file of another user than root and the agent’s are not trusted, whatever its mode', async () => {
    const agent = await startUpdatable();
    agent.host.files.put(updateKeysPath, updateKeyLine(hex(key), 'test'), { mode: 0o644, uid: 1000 });
    const call = await send(agent);
    assert.equal(call.reason, 'UPDATE_UNTRUSTED');
    assert.match(call.answers.end?.message ?? '', /can be written by others than root: chown root/);
  });

  for (const [call, links] of [
    ['rename', true],
    ['rename', false],
    ['fsync', true],
  ] as const)
    it(`the program stays in its place, and nothing beside it, if its ${call} fails ${links ? 'with' : 'without'} hard links`, async () => {
      const agent = await startUpdatable();
      const { files, program: own } = agent.host;
      let begun = false;
      let failures = 0;
      files.fail = (name, path) => {
        if (name === 'link') {
          begun = true;
          return links ? undefined : 'EPERM';
        }
        const isMeant = name === call && (call === 'fsync' || path.endsWith('.new'));
        return begun && isMeant && failures++ === 0 ? 'EIO' : undefined;
      };
      const update = await send(agent);
      assert.deepEqual([update.reason !== '', failures], [true, 1]);
      assert.equal(files.text(own.path), 'this agent');
      assert.deepEqual(
        files.names('/usr/local/bin').filter((name) => name.startsWith('innkeeper-agent')),
        ['innkeeper-agent'],
      );
      files.fail = undefined;
      assert.equal((await send(agent)).reason, '');
    });

  it('an agent that cannot hand over ends, even if its program cannot be put back', async () => {
    const agent = await startUpdatable();
    const { files, program: own } = agent.host;
    own.handOver = async () => {
      throw new Error('no memory');
    };
    await send(agent);
    files.fail = (name) => (name === 'rename' ? 'EIO' : undefined);
    await agent.host.clock.advance(200);
    assert.equal(own.gaveUp, 1);
  });
});
