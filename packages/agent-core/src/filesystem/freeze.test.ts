import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FilesystemVerdict, type FreezeRequest } from '@innkeeper/contract/agent';
import {
  FileServiceLite,
  FreezePhase,
  ProcessServiceLite,
  FilesystemServiceLite as service,
  TelemetryServiceLite,
} from '@innkeeper/contract/agent-lite';
import { createDeferred } from '@innkeeper/kit';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';
import type { FakeNode } from '../fake/fake-node.ts';
import { settle } from '../fake/manual-clock.ts';

type RequestInit = Omit<Partial<FreezeRequest>, '$typeName' | '$unknown'>;

const root = '22 1 254:0 / / rw - ext4 /dev/vda rw';
const data = '23 22 254:16 / /data rw - xfs /dev/vdb rw';

function guest(...lines: readonly string[]): FakeHost {
  const host = new FakeHost();
  host.files.putFolder('/run');
  host.files.put('/proc/self/mountinfo', `${[root, ...lines].join('\n')}\n`);
  return host;
}

function hook(
  host: FakeHost,
  path: string,
  result: { exitCode?: number | undefined; stdout?: string; timedOut?: boolean } = {},
): void {
  host.files.put(path, '', { mode: 0o755 });
  host.jobs.results.set(`${path} ${path.includes('pre-freeze') ? 'freeze' : 'thaw'}`, result);
}

function nameOf(verdict: FilesystemVerdict): string | undefined {
  return Object.entries(FilesystemVerdict).find(([, number]) => number === verdict)?.[0];
}

async function freeze(node: FakeNode, init: RequestInit = {}) {
  const call = await node.open(service.freeze, { id: 'one', ...init });
  await settle();
  return call;
}

async function thaw(node: FakeNode, id = 'one') {
  const call = await node.open(service.thaw, { id });
  await settle();
  return call;
}

const status = async (node: FakeNode) => (await node.open(service.getFreeze, {})).messages[0];

describe('Freeze', () => {
  it('Freeze reports each file system in its order, and Thaw how long it was frozen', async () => {
    const { host, node } = await startFakeAgent(guest(data, '24 22 0:30 / /run rw - tmpfs tmpfs rw'));
    const report = (await freeze(node)).messages[0];
    assert.deepEqual([report?.id, report?.phase, report?.leaseLeftMs], ['one', FreezePhase.FROZEN, 10_000]);
    assert.deepEqual(
      report?.filesystems.map(({ mountPoint, verdict }) => [mountPoint, nameOf(verdict)]),
      [
        ['/data', 'FROZEN'],
        ['/', 'FROZEN'],
        ['/run', 'NOT_ON_DISK'],
      ],
    );
    await host.clock.advance(2000);
    assert.deepEqual([(await status(node))?.frozenMs, (await status(node))?.leaseLeftMs], [2000, 8000]);
    const thawed = (await thaw(node)).messages[0];
    assert.deepEqual([thawed?.phase, thawed?.frozenMs, thawed?.leaseLeftMs], [FreezePhase.THAWED, 2000, undefined]);
    assert.deepEqual([host.freezer.thawed, host.freezer.areWritesHeld], [['/', '/data'], false]);
  });

  it('a lease that is not renewed ends the freeze, and the thaw after it says that the copy may be torn', async () => {
    const { host, node } = await startFakeAgent();
    await freeze(node, { leaseMs: 5000 });
    await host.clock.advance(4000);
    const renewed = await node.open(service.renew, { id: 'one', leaseMs: 5000 });
    await settle();
    assert.equal(renewed.messages[0]?.leaseLeftMs, 5000);
    await host.clock.advance(4000);
    assert.deepEqual(host.freezer.frozen, ['/']);
    await host.clock.advance(1000);
    assert.deepEqual(host.freezer.frozen, []);
    const late = await thaw(node);
    assert.equal(late.reason, 'FREEZE_ENDED');
    assert.match(late.answers.end?.message ?? '', /may be torn.*lease ran out/);
    assert.equal((await status(node))?.phase, FreezePhase.EXPIRED);
    const renewal = await node.open(service.renew, { id: 'one' });
    await settle();
    assert.equal(renewal.reason, 'FREEZE_ENDED');
  });

  it('a disconnect does not thaw, and the next session thaws', async () => {
    const { host, node, connect } = await startFakeAgent();
    await freeze(node, { leaseMs: 60_000 });
    await node.hello();
    await host.clock.advance(30_000);
    assert.deepEqual(host.freezer.frozen, ['/']);
    const other = await connect();
    assert.equal((await thaw(other)).messages[0]?.frozenMs, 30_000);
  });

  it('a repeated Freeze and a repeated Thaw answer the same, and another Freeze is refused meanwhile', async () => {
    const { host, node } = await startFakeAgent();
    await freeze(node);
    assert.equal((await freeze(node)).messages[0]?.phase, FreezePhase.FROZEN);
    assert.deepEqual(host.freezer.frozen, ['/']);
    assert.equal((await freeze(node, { id: 'two' })).reason, 'FREEZE_HELD');
    assert.equal((await thaw(node)).messages[0]?.phase, FreezePhase.THAWED);
    assert.equal((await thaw(node)).messages[0]?.phase, FreezePhase.THAWED);
    assert.equal((await freeze(node, { id: 'two' })).messages[0]?.phase, FreezePhase.FROZEN);
    assert.equal((await thaw(node, 'one')).reason, 'FREEZE_ENDED');
    assert.equal((await thaw(node, '')).messages[0]?.id, 'two');
    assert.equal((await thaw(node, '')).reason, 'NOT_FROZEN');
  });

  it('a file system that cannot be frozen for a reason of its own ends the whole freeze, and all are thawed', async () => {
    const { host, node } = await startFakeAgent(guest(data));
    host.freezer.errors.set('/', 'EIO');
    const failed = await freeze(node);
    assert.equal(failed.reason, 'FREEZE_FAILED');
    assert.match(failed.answers.end?.message ?? '', /^\/ \(ext4\) cannot be frozen: EIO\.$/);
    assert.deepEqual([host.freezer.frozen, host.freezer.areWritesHeld], [[], false]);
    assert.equal((await status(node))?.phase, FreezePhase.FAILED);
  });

  it('a type without freezing and one that others froze have their verdicts, and do not prevent the freeze', async () => {
    const { host, node } = await startFakeAgent(guest(data, '24 22 254:32 / /boot/efi rw - vfat /dev/vdc rw'));
    host.freezer.errors.set('/boot/efi', 'ENOTSUP').set('/data', 'EBUSY');
    const verdicts = (await freeze(node)).messages[0]?.filesystems.map(({ verdict }) => nameOf(verdict));
    assert.deepEqual(verdicts, ['UNSUPPORTED', 'FROZEN_BY_OTHERS', 'FROZEN']);
  });

  it('when the process that holds the freeze is killed, the agent thaws', async () => {
    const { host, node } = await startFakeAgent(guest(data));
    await freeze(node);
    host.freezer.end('lost');
    await settle();
    assert.deepEqual(host.freezer.thawed, ['/', '/data']);
    assert.match((await thaw(node)).answers.end?.message ?? '', /was killed/);
  });

  it('while frozen, methods that write and new commands are refused, and reports say so', async () => {
    const { host, node } = await startFakeAgent();
    await freeze(node);
    const folder = await node.open(FileServiceLite.makeDirectory, { path: '/tmp/x' });
    assert.equal(folder.reason, 'FILESYSTEM_FROZEN');
    const start = { id: 'p', argv: ['/usr/bin/true'] };
    const exec = await node.open(ProcessServiceLite.exec, { input: { case: 'start', value: start } });
    await settle();
    assert.equal(exec.reason, 'FILESYSTEM_FROZEN');
    assert.equal((await node.open(service.trim, {})).reason, 'FILESYSTEM_FROZEN');
    assert.equal((await node.hello())?.frozen, true);
    const report = await node.open(TelemetryServiceLite.watch, { once: true });
    await host.clock.advance(300);
    assert.deepEqual([report.messages[0]?.frozen, report.messages[0]?.freezeLeaseLeftMs], [true, 9800]);
    assert.equal((await node.open(FileServiceLite.stat, { path: '/tmp' })).reason, '');
  });

  it('Freeze refuses malformed requests, and freezes nothing', async () => {
    const { host, node } = await startFakeAgent();
    const wrong: readonly [RequestInit, string][] = [
      [{ id: '' }, 'INVALID_ARGUMENT'],
      [{ id: 'x'.repeat(65) }, 'INVALID_ARGUMENT'],
      [{ leaseMs: 999 }, 'INVALID_ARGUMENT'],
      [{ leaseMs: 3_600_001 }, 'INVALID_ARGUMENT'],
      [{ hookTimeoutMs: 300_001 }, 'INVALID_ARGUMENT'],
      [{ mountPoints: Array(1025).fill('/') }, 'INVALID_ARGUMENT'],
      [{ mountPoints: ['data'] }, 'INVALID_PATH'],
      [{ mountPoints: ['/../data'] }, 'INVALID_PATH'],
      [{ mountPoints: ['/', '/tmp'] }, 'MOUNT_NOT_FOUND'],
    ];
    for (const [init, reason] of wrong) assert.equal((await freeze(node, init)).reason, reason, JSON.stringify(init));
    assert.equal((await status(node))?.phase, FreezePhase.UNSPECIFIED);
    assert.equal((await thaw(node, '')).reason, 'NOT_FROZEN');
    assert.equal((await thaw(node, 'x/y')).reason, 'INVALID_ARGUMENT');
    assert.equal((await node.open(service.renew, { id: 'one', leaseMs: 1 })).reason, 'INVALID_ARGUMENT');
    assert.deepEqual(host.freezer.frozen, []);
  });

  it('a guest with more file systems than one freeze holds is not frozen in part, and no hook runs', async () => {
    const lines = Array.from({ length: 256 }, (_, at) => `${100 + at} 22 8:${at} / /d${at} rw - ext4 /dev/d${at} rw`);
    const host = guest(...lines);
    hook(host, '/etc/innkeeper/pre-freeze.d/a');
    const { node } = await startFakeAgent(host);
    const failed = await freeze(node);
    assert.equal(failed.reason, 'FREEZE_FAILED');
    assert.match(failed.answers.end?.message ?? '', /257 file systems.*at most 256/);
    assert.deepEqual([host.freezer.frozen, host.jobs.ran], [[], []]);
    assert.equal((await freeze(node, { mountPoints: ['/d1', '/'] })).messages[0]?.phase, FreezePhase.FROZEN);
  });

  it('a table of mounts that is longer than what is read of it freezes nothing', async () => {
    const { host, node } = await startFakeAgent();
    host.files.readNames = (_path, maxBytes) => root.padEnd(maxBytes, 'x');
    assert.notEqual((await freeze(node)).reason, '');
    assert.deepEqual(host.freezer.frozen, []);
  });

  it('only the named file systems are frozen, and none without one that can be', async () => {
    const { host, node } = await startFakeAgent(guest(data, '24 22 0:30 / /run rw - tmpfs tmpfs rw'));
    await freeze(node, { mountPoints: ['/data'] });
    assert.deepEqual(host.freezer.frozen, ['/data']);
    await thaw(node);
    assert.match(
      (await freeze(node, { id: 'two', mountPoints: ['/run'] })).answers.end?.message ?? '',
      /no file system that can/,
    );
  });
});

describe('the hooks of a freeze', () => {
  it('hooks of both folders run in the order of their names, before the freeze and after the thaw', async () => {
    const host = guest();
    hook(host, '/etc/innkeeper/pre-freeze.d/20-b', { stdout: 'stopped\n' });
    hook(host, '/etc/limiquantix/pre-freeze.d/10-a');
    hook(host, '/etc/innkeeper/post-thaw.d/20-b');
    hook(host, '/etc/limiquantix/post-thaw.d/10-a', { exitCode: 1 });
    const { node } = await startFakeAgent(host);
    const before = (await freeze(node)).messages[0]?.hooks;
    assert.deepEqual(
      before?.map(({ path, exitCode, output }) => [path, exitCode, output]),
      [
        ['/etc/limiquantix/pre-freeze.d/10-a', 0, ''],
        ['/etc/innkeeper/pre-freeze.d/20-b', 0, 'stopped\n'],
      ],
    );
    const after = (await thaw(node)).messages[0]?.hooks.slice(2);
    assert.deepEqual(
      after?.map(({ path, exitCode }) => [path, exitCode]),
      [
        ['/etc/limiquantix/post-thaw.d/10-a', 1],
        ['/etc/innkeeper/post-thaw.d/20-b', 0],
      ],
    );
  });

  it('a hook that fails or hangs prevents the freeze, and only the hooks that were started are undone', async () => {
    for (const [result, words] of [
      [{ exitCode: 3, stdout: 'database is busy\n' }, /10-a exited with 3: database is busy/],
      [{ exitCode: undefined, timedOut: true, stdout: 'waiting' }, /10-a was killed after \d+ ms: waiting/],
    ] as const) {
      const host = guest();
      for (const name of ['05-first', '10-a', '20-b'])
        for (const folder of ['pre-freeze.d', 'post-thaw.d']) hook(host, `/etc/innkeeper/${folder}/${name}`);
      hook(host, '/etc/innkeeper/pre-freeze.d/10-a', result);
      hook(host, '/etc/innkeeper/post-thaw.d/99-alone');
      const { node } = await startFakeAgent(host);
      const failed = await freeze(node);
      assert.equal(failed.reason, 'FREEZE_FAILED');
      assert.match(failed.answers.end?.message ?? '', words);
      assert.deepEqual(
        host.jobs.ran.map((line) => line.replace('/etc/innkeeper/', '')),
        [
          ...['pre-freeze.d/05-first freeze', 'pre-freeze.d/10-a freeze'],
          ...['post-thaw.d/05-first thaw', 'post-thaw.d/10-a thaw', 'post-thaw.d/99-alone thaw'],
        ],
      );
      assert.deepEqual([host.freezer.thawed, host.freezer.frozen], [[], []]);
    }
  });

  it('a failure can be ignored, and hooks can be left out', async () => {
    const host = guest();
    hook(host, '/etc/innkeeper/pre-freeze.d/a', { exitCode: 1 });
    hook(host, '/etc/innkeeper/post-thaw.d/a');
    const { node } = await startFakeAgent(host);
    assert.equal((await freeze(node, { ignoreHookFailures: true })).messages[0]?.hooks[0]?.exitCode, 1);
    await thaw(node);
    assert.equal((await freeze(node, { id: 'two', skipHooks: true })).messages[0]?.hooks.length, 0);
    await thaw(node, 'two');
    assert.equal(host.jobs.ran.length, 2);
  });

  it('what is not a program of root, and what package managers leave, does not run', async () => {
    const host = guest();
    const folder = '/etc/innkeeper/pre-freeze.d';
    hook(host, `${folder}/a.dpkg-old`);
    hook(host, `${folder}/b~`);
    host.files.put(`${folder}/readme`, '', { mode: 0o644 });
    host.files.put(`${folder}/open`, '', { mode: 0o757 });
    host.files.put(`${folder}/ana`, '', { mode: 0o755, uid: 1000 });
    const { node } = await startFakeAgent(host);
    assert.equal((await freeze(node)).messages[0]?.phase, FreezePhase.FROZEN);
    assert.deepEqual(host.jobs.ran, []);
  });

  it('after the lease has run out the hooks run, too', async () => {
    const host = guest();
    hook(host, '/etc/innkeeper/post-thaw.d/a');
    const { node } = await startFakeAgent(host);
    await freeze(node, { leaseMs: 1000 });
    await host.clock.advance(1000);
    await settle();
    assert.deepEqual(host.jobs.ran, ['/etc/innkeeper/post-thaw.d/a thaw']);
  });
});

describe('an agent that ends while file systems are frozen', () => {
  it('an agent that stops thaws, and the next one runs the post-thaw hooks', async () => {
    const host = guest();
    hook(host, '/etc/innkeeper/post-thaw.d/a');
    const { node, agent } = await startFakeAgent(host);
    await freeze(node);
    const stopped = agent.stop('stopping');
    await host.clock.advance(1000);
    await stopped;
    assert.deepEqual([host.freezer.frozen, host.jobs.ran], [[], []]);
    const next = await startFakeAgent(host);
    await settle();
    assert.deepEqual(host.jobs.ran, ['/etc/innkeeper/post-thaw.d/a thaw']);
    assert.equal((await thaw(next.node)).reason, 'FREEZE_ENDED');
    await startFakeAgent(host);
    await settle();
    assert.equal(host.jobs.ran.length, 1);
  });

  it('while the next agent thaws what was left and runs its hooks, a new freeze waits', async () => {
    const host = guest();
    hook(host, '/etc/innkeeper/post-thaw.d/a');
    const { node } = await startFakeAgent(host);
    await freeze(node, { leaseMs: 60_000 });
    const { run } = host.jobs;
    const release = createDeferred<void>();
    host.jobs.run = async (...words) => {
      await release.promise;
      return run.apply(host.jobs, words);
    };
    const next = await startFakeAgent(host);
    await settle();
    const second = await freeze(next.node, { id: 'two' });
    assert.deepEqual([host.freezer.frozen, second.messages.length], [[], 0]);
    release.resolve();
    await settle();
    assert.equal(second.messages[0]?.phase, FreezePhase.FROZEN);
    assert.deepEqual(host.freezer.thawed, ['/']);
  });

  it('an agent whose helper was killed with it is thawed by the next one', async () => {
    const host = guest(data);
    const { node } = await startFakeAgent(host);
    await freeze(node, { leaseMs: 60_000 });
    assert.deepEqual(host.freezer.frozen, ['/data', '/']);
    await startFakeAgent(host);
    await settle();
    assert.deepEqual(host.freezer.thawed, ['/', '/data']);
  });
});

describe('Trim', () => {
  it('Trim reports each file system, and why one was not trimmed', async () => {
    const { host, node } = await startFakeAgent(guest(data, '24 22 254:32 / /ro rw - ext4 /dev/vdc ro'));
    host.freezer.errors.set('/data', 'ENOTSUP');
    const call = await node.open(service.trim, {});
    await settle();
    assert.deepEqual(
      call.messages[0]?.filesystems.map(({ mountPoint, trimmedBytes, error }) => [mountPoint, trimmedBytes, error]),
      [
        ['/data', undefined, 'this file system or its disk cannot trim'],
        ['/', 1_048_576n, ''],
      ],
    );
    const wrong = await node.open(service.trim, { mountPoints: ['/run'] });
    await settle();
    assert.equal(wrong.reason, 'MOUNT_NOT_FOUND');
  });
});
