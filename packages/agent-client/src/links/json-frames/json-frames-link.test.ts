import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseAgentAddress } from '@innkeeper/contract';
import type { Telemetry } from '@innkeeper/contract/agent';
import { NetworkServiceLite, PowerServiceLite } from '@innkeeper/contract/agent-lite';
import { until } from '@innkeeper/kit/testing';
import { createAdoptedLink } from '../create-adopted-link.ts';
import { type JsonFramesModelOptions, startJsonFramesModel } from './fake/json-frames-model.ts';

async function linked(options: JsonFramesModelOptions = {}, isConnected = true) {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-frames-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const model = stack.use(await startJsonFramesModel(join(folder, 'agent.sock'), options));
  const { vsock } = options;
  const text = vsock === undefined ? `unix:${model.path},dialect=json-frames` : `vsock:${model.path}:${vsock.port}`;
  const link = stack.use(createAdoptedLink({ address: parseAgentAddress(text), nodeVersion: '1', sampleMs: 20 }));
  const reports: Telemetry[] = [];
  link.onTelemetry((report) => reports.push(report));
  if (isConnected) await until(() => link.state.state === 'connected' && reports.length > 0);
  const owned = stack.move();
  const run = async (spec: object) => {
    await using session = link.exec(spec);
    let output = '';
    for await (const { event } of session.events) {
      if (event.case === 'output') output += Buffer.from(event.value.data);
      if (event.case === 'exited') return { output, exited: event.value };
    }
    throw new Error('no end');
  };
  return { folder, model, link, reports, run, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

describe('a link to a JSON-frames agent', () => {
  it('reports all nine fields in their units, and nothing else', async () => {
    await using one = await linked();
    const report = one.reports[0];
    assert.deepEqual(
      [report?.memory?.totalBytes, report?.memory?.usedBytes, report?.memory?.availableBytes],
      [512n << 20n, 128n << 20n, undefined],
    );
    assert.deepEqual([report?.mounts[0]?.totalBytes, report?.mounts[0]?.usedBytes], [10n << 30n, 4n << 30n]);
    assert.deepEqual(
      [report?.cpu?.busyPercent, report?.load?.oneMinute, report?.load?.fiveMinutes],
      [12.5, 0.5, undefined],
    );
    assert.deepEqual([report?.uptimeSeconds, report?.processCount], [12n, undefined]);
    assert.deepEqual([report?.interfaces[0]?.rxBytes, report?.interfaces[0]?.txBytes], [1000n, 2000n]);
  });

  it('runs a command without a shell, and copies files both ways through commands', async () => {
    await using one = await linked();
    const { output, exited } = await one.run({ argv: ['sh', '-c', 'echo "$A"; exit 4'], environment: { A: 'x y' } });
    assert.deepEqual([output, exited.status], ['x y\n', { case: 'exitCode', value: 4 }]);
    await assert.rejects(one.run({ argv: ['/nope'] }), { reason: 'COMMAND_NOT_FOUND' });
    const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    const path = join(one.folder, 'copied file');
    await one.link.writeFile({ path, mode: 0o600 }, async function* () {
      yield content;
    });
    assert.deepEqual(await readFile(path), content);
    const reading = one.link.readFile({ path });
    const chunks: Uint8Array[] = [];
    for await (const chunk of reading.chunks) chunks.push(chunk.slice());
    assert.deepEqual(Buffer.concat(chunks), content);
    assert.equal((await reading.info).mode, 0o600);
    await writeFile(path, 'x'.repeat(600_000));
    assert.equal((await one.run({ argv: ['cat', path] })).exited.truncated, true);
  });

  it('a download is an error, and never shorter, when a program that reads the file fails in the middle of it', async () => {
    await using one = await linked();
    const path = join(one.folder, 'file');
    await writeFile(path, 'x'.repeat(300_000));
    for (const [program, script] of [
      ['tail', 'head -c 1000; exit 1'],
      ['head', `dd bs=500 count=1 2>/dev/null; kill -9 $$`],
      ['base64', '/usr/bin/base64 | head -c 400; exit 1'],
    ] as const) {
      const folder = join(one.folder, program);
      await mkdir(folder);
      await writeFile(join(folder, program), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
      const before = process.env['PATH'];
      // The model's commands have this process' environment.
      process.env['PATH'] = `${folder}:${before}`;
      try {
        const read = async (): Promise<void> => {
          for await (const chunk of one.link.readFile({ path }).chunks) assert.ok(chunk.length > 0);
        };
        await assert.rejects(read(), { reason: 'GUEST_IO' }, program);
      } finally {
        process.env['PATH'] = before;
      }
    }
  });

  it('refuses what the dialect lacks before anything is sent, naming the capability', async () => {
    await using one = await linked();
    const before = one.model.asked.filter(({ type }) => type === 'exec').length;
    await assert.rejects(one.run({ argv: ['id'], user: 'nobody' }), { message: /"exec.user"/ });
    await assert.rejects(one.link.call(PowerServiceLite.shutdown, {}), { message: /"power"/ });
    await assert.rejects(one.link.call(NetworkServiceLite.getNetwork, {}), { reason: 'UNSUPPORTED_BY_AGENT' });
    assert.equal(one.model.asked.filter(({ type }) => type === 'exec').length, before);
  });

  it('is reached through CONNECT and OK, is tried until the first success, and reads what follows the line', async () => {
    await using one = await linked({ vsock: { port: 1024, refusals: 2 } });
    assert.ok(one.model.connections > 2);
    assert.equal((await one.run({ argv: ['echo', 'hi'] })).output, 'hi\n');
  });
});

describe('a hostile JSON-frames agent', () => {
  const frame = (text: string): Buffer => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(Buffer.byteLength(text));
    return Buffer.concat([head, Buffer.from(text)]);
  };
  const answers: readonly (readonly [string, Buffer])[] = [
    ['garbage', Buffer.from('garbage!')],
    ['a frame of 4 GiB', Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['JSON that is not an answer', frame('[1]')],
    ['an answer without an exit code', frame('{"status":"ok"}')],
    ['bytes that are not UTF-8', Buffer.concat([frame('xx').subarray(0, 4), Buffer.from([0xc3, 0x28])])],
  ];
  for (const [what, answer] of answers)
    it(`that answers exec with ${what} is GUEST_MISBEHAVES`, async () => {
      await using one = await linked({ instead: ({ type }) => (type === 'exec' ? answer : undefined) });
      await assert.rejects(one.run({ argv: ['true'] }), { reason: 'GUEST_MISBEHAVES' });
    });

  it('whose hypervisor answers CONNECT with something else, or not at all, is not reached, and the reason says so', async () => {
    for (const line of ['NO\n', 'x'.repeat(100), 'OK 5 and more\n']) {
      await using one = await linked({ vsock: { port: 5, line } }, false);
      await assert.rejects(one.link.ping({ timeoutMs: 300 }), { reason: 'AGENT_UNREACHABLE' });
      assert.deepEqual(one.model.asked, []);
    }
    const folder = await mkdtemp(join(tmpdir(), 'innkeeper-frames-'));
    const server = createServer(() => undefined).listen(join(folder, 'silent'));
    await using link = createAdoptedLink({
      address: parseAgentAddress(`vsock:${join(folder, 'silent')}`),
      nodeVersion: '1',
    });
    await assert.rejects(link.ping({ timeoutMs: 200 }), { reason: 'AGENT_UNREACHABLE' });
    server.close();
    await rm(folder, { recursive: true, force: true });
  });
});
