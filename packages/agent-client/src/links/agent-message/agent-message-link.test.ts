import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseAgentAddress } from '@innkeeper/contract';
import { FileKind, type Telemetry } from '@innkeeper/contract/agent';
import { FileServiceLite, TelemetryServiceLite, UnitServiceLite } from '@innkeeper/contract/agent-lite';
import { until } from '@innkeeper/kit/testing';
import { createAdoptedLink } from '../create-adopted-link.ts';
import {
  type AgentMessageAnswer,
  type AgentMessageModelOptions,
  startAgentMessageModel,
} from './fake/agent-message-model.ts';

async function linked(options: AgentMessageModelOptions = {}) {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-message-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const model = stack.use(await startAgentMessageModel(join(folder, 'agent.sock'), options));
  const address = parseAgentAddress(`unix:${model.path},dialect=agent-message`);
  const link = stack.use(createAdoptedLink({ address, nodeVersion: '1', sampleMs: 10 }));
  const reports: Telemetry[] = [];
  link.onTelemetry((report) => reports.push(report));
  await until(() => link.state.state === 'connected' && reports.length > 0);
  const owned = stack.move();
  const run = async (spec: object) => {
    await using session = link.exec(spec);
    const output: string[] = [];
    for await (const { event } of session.events) {
      if (event.case === 'output') output.push(Buffer.from(event.value.data).toString());
      if (event.case === 'exited') return { output, exited: event.value };
    }
    throw new Error('no end');
  };
  return { model, link, reports, run, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe('a link to an AgentMessage agent', () => {
  for (const form of ['magic', 'plain'] as const)
    it(`that writes the ${form} header is asked with the magic first, then in its own form`, async () => {
      await using one = await linked({ form });
      await one.link.ping();
      assert.equal(one.model.headers.at(-1), form);
      assert.ok(one.model.headers[0] === 'magic' || form === 'plain');
    });

  it('reports what it says about its guest; what is 0 in its telemetry for unknown is absent', async () => {
    await using one = await linked();
    const report = one.reports[0];
    assert.deepEqual(
      [report?.cpu?.busyPercent, report?.memory?.usedBytes, report?.memory?.swapTotalBytes],
      [25, 400n, undefined],
    );
    assert.deepEqual([report?.load, report?.processCount, report?.uptimeSeconds], [undefined, undefined, undefined]);
    assert.equal(report?.primaryAddresses[0]?.address, '10.9.8.7');
    const { hostname, osPrettyName } = await one.link.call(TelemetryServiceLite.getSystem, {});
    assert.deepEqual([hostname, osPrettyName], ['messaged', 'Debian 12']);
  });

  it('runs a command, and writes, reads and looks at a file in chunks', async () => {
    await using one = await linked();
    const { output, exited } = await one.run({ argv: ['ls', '-l'] });
    assert.deepEqual([output, exited.status], [['ls -l\n', 'err'], { case: 'exitCode', value: 6 }]);
    const content = Buffer.from(Array.from({ length: 150_000 }, (_, index) => index % 251));
    await one.link.writeFile({ path: '/a' }, async function* () {
      yield content;
    });
    assert.deepEqual(one.model.files.get('/a'), content);
    const chunks: Uint8Array[] = [];
    for await (const chunk of one.link.readFile({ path: '/a', offset: 10n }).chunks) chunks.push(chunk.slice());
    assert.deepEqual(Buffer.concat(chunks), content.subarray(10));
    assert.equal((await one.link.call(FileServiceLite.stat, { path: '/a' })).sizeBytes, 150_000n);
    await assert.rejects(one.link.call(FileServiceLite.stat, { path: '/b' }), { reason: 'FILE_NOT_FOUND' });
  });

  it('looks at a symbolic link itself, and at what it leads to only if that is asked for', async () => {
    const links: Readonly<Record<string, string>> = { '/d/a': 'b', '/d/b': '/c', '/up': '../c', '/loop': '/loop' };
    await using one = await linked({
      answer: ({ payload }): AgentMessageAnswer | undefined => {
        if (payload.case !== 'fileStat') return undefined;
        const symlinkTarget = links[payload.value.path];
        const entry =
          symlinkTarget === undefined ? { sizeBytes: 7n } : { isSymlink: true, symlinkTarget, sizeBytes: 1n };
        return { case: 'fileStatResponse', value: { success: true, entry } };
      },
    });
    const statOf = (path: string, follow: boolean) => one.link.call(FileServiceLite.stat, { path, follow });
    const { kind, symlinkTarget } = await statOf('/d/a', false);
    assert.deepEqual([kind, symlinkTarget], [FileKind.SYMLINK, 'b']);
    const target = await statOf('/d/a', true);
    assert.deepEqual([target.kind, target.sizeBytes, target.path], [FileKind.REGULAR, 7n, '/d/a']);
    await assert.rejects(statOf('/up', true), { reason: 'UNSUPPORTED_BY_AGENT' });
    await assert.rejects(statOf('/loop', true), { reason: 'GUEST_IO' });
  });

  it('refuses what this agent or its dialect lacks, naming the capability, before anything is sent', async () => {
    await using one = await linked();
    await assert.rejects(one.run({ argv: ['id'], user: 'nobody' }), { message: /"exec.user"/ });
    await assert.rejects(one.link.call(UnitServiceLite.list, {}), { message: /"units"/ });
    assert.ok(!one.model.asked.some(({ payload }) => payload.case === 'execute'));
  });

  it('refuses a path without symbolic links, a time, and to remove the root, before anything is sent', async () => {
    await using one = await linked();
    const { length } = one.model.asked;
    const careful = { path: '/a', noSymlinks: true };
    const refusal = { message: /"file.openat2"/ };
    await assert.rejects(one.link.call(FileServiceLite.stat, careful), refusal);
    await assert.rejects(one.link.call(FileServiceLite.list, careful), refusal);
    await assert.rejects(one.link.call(FileServiceLite.makeDirectory, careful), refusal);
    await assert.rejects(one.link.call(FileServiceLite.remove, careful), refusal);
    for (const path of ['/', '//', '/./'])
      await assert.rejects(one.link.call(FileServiceLite.remove, { path, recursive: true }), {
        reason: 'INVALID_PATH',
      });
    const nothing = async function* () {
      yield new Uint8Array(0);
    };
    await assert.rejects(one.link.writeFile({ path: '/a', modifiedUnixNs: 5n }, nothing), { message: /no time/ });
    assert.equal(one.model.asked.length, length);
  });

  it('ends a command that waits for its answer when the link is closed', async () => {
    await using one = await linked({
      instead: ({ payload }) => (payload.case === 'execute' ? new Uint8Array(0) : undefined),
    });
    const running = assert.rejects(one.run({ argv: ['sleep', '9'] }), { reason: 'CANCELED' });
    await until(() => one.model.asked.some(({ payload }) => payload.case === 'execute'));
    await one.link[Symbol.asyncDispose]();
    await running;
  });

  it('finds the first message after garbage of an earlier peer', async () => {
    await using one = await linked({ first: Buffer.from('\x00garbage of an earlier peer\x7f') });
    assert.equal((await one.link.ping()).agentVersion, 'AgentMessage agent 0.2.0');
  });
});

describe('a hostile AgentMessage agent', () => {
  it('that answers with another payload, or an error, fails the call and not the session', async () => {
    await using one = await linked({
      answer: ({ payload }): AgentMessageAnswer | undefined => {
        if (payload.case === 'execute') return { case: 'pong', value: {} };
        if (payload.case === 'fileStat') return { case: 'error', value: { code: 'E', message: 'no' } };
        return undefined;
      },
    });
    await assert.rejects(one.run({ argv: ['ls', '-l'] }), { reason: 'GUEST_MISBEHAVES' });
    await assert.rejects(one.link.call(FileServiceLite.stat, { path: '/a' }), { reason: 'GUEST_IO' });
    assert.equal(one.link.state.state, 'connected');
  });

  it('that returns more of a file than was asked for is GUEST_MISBEHAVES', async () => {
    await using one = await linked({
      answer: ({ payload }) => {
        if (payload.case === 'fileStat') return { case: 'fileStatResponse', value: { success: true, entry: {} } };
        const value = { success: true, data: new Uint8Array(200_000) };
        return payload.case === 'fileRead' ? { case: 'fileReadResponse', value } : undefined;
      },
    });
    await assert.rejects(
      async () => {
        for await (const chunk of one.link.readFile({ path: '/a' }).chunks) assert.ok(chunk.length < 100_000);
      },
      { reason: 'GUEST_MISBEHAVES' },
    );
  });

  it('that sends garbage without end is lost with that reason, in bounded memory', async () => {
    await using one = await linked({
      instead: ({ payload }) => (payload.case === 'execute' ? Buffer.alloc(2 * 1024 * 1024, 0x7f) : undefined),
    });
    const reasons: string[] = [];
    one.link.onState((state) => state.state === 'lost' && reasons.push(state.reason));
    await assert.rejects(one.run({ argv: ['ls', '-l'] }), { reason: 'GUEST_MISBEHAVES' });
    await until(() => reasons.some((reason) => /something else than AgentMessages/.test(reason)));
  });
});
