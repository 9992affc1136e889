import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { FilesystemVerdict, FreezePhase, HookKind } from '@innkeeper/contract/agent';
import { callError, type FakeHandlers, startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { runInn, spawnInn } from './testing/run-inn.ts';

const hook = { kind: HookKind.PRE_FREEZE, path: '/etc/innkeeper/pre-freeze.d/db', exitCode: 0, output: 'flushed\n' };
const filesystems = [
  { mountPoint: '/data', device: '/dev/vdb', filesystem: 'xfs', verdict: FilesystemVerdict.FROZEN },
  {
    mountPoint: '/bind',
    device: '/dev/vdb',
    filesystem: 'xfs',
    verdict: FilesystemVerdict.COVERED,
    coveredBy: '/data',
  },
  { mountPoint: '/run', device: 'tmpfs', filesystem: 'tmpfs', verdict: FilesystemVerdict.NOT_ON_DISK },
];

/** A guest that freezes; `calls` are the methods called on it. */
function guest(calls: string[], { leaseMs = 10_000, lost = false } = {}): FakeHandlers {
  let id = '';
  const report = (phase: FreezePhase) => ({
    id,
    phase,
    filesystems,
    hooks: [hook],
    leaseLeftMs: leaseMs,
    frozenMs: 1200,
  });
  const ended = () => callError('FREEZE_ENDED', 'The guest thawed by itself after 10000 ms: the copy may be torn.');
  return {
    guestFilesystems: {
      freeze: (request) => {
        calls.push(`freeze ${request.leaseMs} ${request.mountPoints.join(' ')}`.trim());
        id = request.id;
        return report(FreezePhase.FROZEN);
      },
      renew: () => {
        calls.push('renew');
        if (lost) throw ended();
        return report(FreezePhase.FROZEN);
      },
      thaw: () => {
        calls.push('thaw');
        if (lost) throw ended();
        return report(FreezePhase.THAWED);
      },
      trim: () => ({
        filesystems: [
          { mountPoint: '/', filesystem: 'ext4', trimmedBytes: 1_048_576n },
          { mountPoint: '/data', filesystem: 'xfs', error: 'this file system or its disk cannot trim' },
        ],
        filesystemsOmitted: 3,
      }),
    },
  };
}

describe('inn freeze', () => {
  it('inn freeze shows what is frozen, part of it or failed, the hooks, and how to thaw', async () => {
    const calls: string[] = [];
    await using daemon = await startFakeDaemon(guest(calls, { leaseMs: 60_000 }));
    const { exitCode, stdout, stderr } = await runInn(daemon.socketPath, ['freeze', 'web-1', '--mount', '/data']);
    assert.deepEqual([exitCode, calls], [0, ['freeze 60000 /data']]);
    assert.match(stdout, /^\/data +xfs +frozen$/m);
    assert.match(stdout, /^\/bind +xfs +part of \/data$/m);
    assert.match(stdout, /^hook \/etc\/innkeeper\/pre-freeze.d\/db: exit code 0: flushed$/m);
    assert.doesNotMatch(stdout, /tmpfs/);
    assert.match(stderr, /thaws by itself in 1m00s\. To thaw it now: inn thaw web-1/);
  });

  it('inn freeze runs a command on this machine with the freeze’s id, thaws, and exits with its code', async () => {
    for (const [script, code] of [
      ['exit 0', 0],
      ['[ "$INNKEEPER_VM" = web-1 ] && [ -n "$INNKEEPER_FREEZE" ] && exit 7', 7],
      ['kill -KILL $$', 137],
    ] as const) {
      const calls: string[] = [];
      await using daemon = await startFakeDaemon(guest(calls));
      const { exitCode } = await runInn(daemon.socketPath, ['freeze', 'web-1', '--', 'sh', '-c', script]);
      assert.deepEqual([exitCode, calls], [code, ['freeze 0', 'thaw']], script);
    }
  });

  it('inn freeze thaws when its command cannot be started', async () => {
    for (const [program, code] of [
      ['/no/such/program', 127],
      ['/etc/passwd', 126],
    ] as const) {
      const calls: string[] = [];
      await using daemon = await startFakeDaemon(guest(calls));
      const { exitCode } = await runInn(daemon.socketPath, ['freeze', 'web-1', '--', program]);
      assert.deepEqual([exitCode, calls.at(-1)], [code, 'thaw']);
    }
  });

  it('inn freeze passes a signal to its command, thaws when that has ended, and ends by the signal', async () => {
    const calls: string[] = [];
    await using daemon = await startFakeDaemon(guest(calls));
    const script = 'trap "echo ended; exit 0" TERM; echo ready; while :; do sleep 0.1; done';
    const child = spawnInn(daemon.socketPath, ['freeze', 'web-1', '--', 'sh', '-c', script]);
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said === 'ready\n') child.kill('SIGTERM');
    });
    child.stderr.resume();
    const [, signal] = (await once(child, 'close')) as [number | null, string | null];
    assert.deepEqual([signal, said, calls], ['SIGTERM', 'ready\nended\n', ['freeze 0', 'thaw']]);
  });

  it('inn freeze exits with 124 when the freeze was lost, and ends a command that still runs', async () => {
    const calls: string[] = [];
    await using daemon = await startFakeDaemon(guest(calls, { leaseMs: 1000, lost: true }));
    const { exitCode, stderr } = await runInn(daemon.socketPath, ['freeze', 'web-1', '--', 'sleep', '60']);
    assert.deepEqual([exitCode, calls], [124, ['freeze 0', 'renew', 'thaw']]);
    assert.match(stderr, /may be torn/);
    const done = await runInn(daemon.socketPath, ['freeze', 'web-1', '--', 'true']);
    assert.equal(done.exitCode, 124);
  });

  it('inn thaw exits with 5 when the freeze was lost, and inn trim names what cannot be trimmed', async () => {
    await using daemon = await startFakeDaemon(guest([]));
    assert.match((await runInn(daemon.socketPath, ['thaw', 'web-1'])).stdout, /^Thawed after 1200 ms\.$/m);
    const trimmed = await runInn(daemon.socketPath, ['trim', 'web-1']);
    assert.match(trimmed.stdout, /^\/ +ext4 +1 MiB/m);
    assert.match(trimmed.stderr, /^3 more file systems/m);
    assert.match(trimmed.stdout, /^\/data +xfs +– +this file system or its disk cannot trim$/m);
    await using torn = await startFakeDaemon(guest([], { lost: true }));
    const late = await runInn(torn.socketPath, ['thaw', 'web-1']);
    assert.deepEqual([late.exitCode, /FREEZE_ENDED/.test(late.stderr)], [5, true]);
  });
});
